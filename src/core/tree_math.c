#include "core/tree_math.h"

unsigned node_level(uint32_t node)
{
    unsigned level = 0;

    while (node & 1) {
        node >>= 1;
        level++;
    }
    return level;
}

uint32_t node_left(uint32_t parent)
{
    return parent ^ (1u << (node_level(parent) - 1));
}

uint32_t node_right(uint32_t parent)
{
    return parent ^ (3u << (node_level(parent) - 1));
}

uint32_t node_ancestor(uint32_t node, unsigned level)
{
    return (node >> (level + 1) << (level + 1)) | ((1u << level) - 1);
}

uint32_t node_parent(uint32_t node)
{
    return node_ancestor(node, node_level(node) + 1);
}

uint32_t node_sibling(uint32_t node)
{
    uint32_t parent = node_parent(node);

    return node < parent ? node_right(parent) : node_left(parent);
}

unsigned leaves_meet(uint32_t leaf, uint32_t other)
{
    unsigned level = 0;

    for (uint32_t differ = leaf ^ other; differ != 0; differ >>= 1)
        level++;
    return level;
}

uint32_t node_first(uint32_t node)
{
    return node - ((1u << node_level(node)) - 1);
}

uint32_t node_last(uint32_t node)
{
    return node + ((1u << node_level(node)) - 1);
}

bool node_covers(uint32_t node, uint32_t other)
{
    return node_first(node) <= other && other <= node_last(node);
}

uint32_t tree_root(unsigned depth)
{
    return (1u << depth) - 1;
}

uint32_t tree_node_count(unsigned depth)
{
    return (2u << depth) - 1;
}
