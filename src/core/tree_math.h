/* Numbers of nodes in a ratchet tree kept as an array: leaf i at 2i, parents between. RFC 9420, appendix C.
 * Trees have 2^d leaves, so a node's relations depend on its own number alone, and the root on the size. */
#ifndef CORE_TREE_MATH_H
#define CORE_TREE_MATH_H

#include <stdbool.h>
#include <stdint.h>

enum { TREE_DEPTH_MAX = 16 }; /* 65,536 leaves */

/* 0 for leaves. */
unsigned node_level(uint32_t node);
/* The children of a parent, the parent of whatever is not the root. */
uint32_t node_left(uint32_t parent);
uint32_t node_right(uint32_t parent);
uint32_t node_parent(uint32_t node);
uint32_t node_sibling(uint32_t node);
/* The ancestor at a level not below the node's own. */
uint32_t node_ancestor(uint32_t node, unsigned level);
/* The level at which the paths of two leaves meet. */
unsigned leaves_meet(uint32_t leaf, uint32_t other);
/* The first and last node beneath and including this one. */
uint32_t node_first(uint32_t node);
uint32_t node_last(uint32_t node);
bool node_covers(uint32_t node, uint32_t other);

/* In a tree of 2^depth leaves. */
uint32_t tree_root(unsigned depth);
uint32_t tree_node_count(unsigned depth);

#endif
