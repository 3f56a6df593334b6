/* The tests name it for cmocka's sake. A module has no such jumps and needs none: see cmocka.h here. */
