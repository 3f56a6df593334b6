#include "cli/commands.h"

const struct args_command commands[] = {
    {"serve", NULL, "runs a house and a relay in one process", serve_options, serve_run},
    {"admin retention", NULL, "tells what a house holds, and for how long", admin_options,
     admin_retention_run},
    {"admin disclose", "HANDLE", "tells all that a house holds of one account", admin_options,
     admin_disclose_run},
    {"house key", NULL, "prints the public key of a house, made where it has none", house_key_options,
     house_key_run},
    {"house", NULL, "runs a house without a relay of its own", house_options, house_run},
    {"relay key", NULL, "prints the public key of a relay, made where it has none", relay_key_options,
     relay_key_run},
    {"relay", NULL, "runs a relay for a house elsewhere", relay_options, relay_run},
    {"signup", NULL, "makes an account: a key in DIR and a handle at a house", signup_options, signup_run},
    {"room new", NULL, "makes a room and prints its link", room_new_options, room_new_run},
    {"room list", NULL, "lists the rooms that are open", room_list_options, room_list_run},
    {"room show", "ROOM-OR-LINK", "tells who is in a room", room_one_options, room_show_run},
    {"room end", "ROOM-OR-LINK", "ends a room that you made", room_one_options, room_end_run},
    {"join", "ROOM-OR-LINK", "sits down in a room, to listen or to speak", join_options, join_run},
    {"stage", "VERB ROOM-OR-LINK [HANDLE|#SEAT]", "does something in a room that this home has joined",
     stage_options, stage_run},
    {0},
};
