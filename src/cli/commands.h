/* The subcommands; each file of this folder that bears one's name fills it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

extern const struct args_command commands[];

extern const struct args_option serve_options[];
int serve_run(const struct args *);

extern const struct args_option admin_options[];
int admin_retention_run(const struct args *);
int admin_disclose_run(const struct args *);

extern const struct args_option house_options[], house_key_options[];
int house_run(const struct args *);
int house_key_run(const struct args *);

extern const struct args_option relay_options[], relay_key_options[];
int relay_run(const struct args *);
int relay_key_run(const struct args *);

extern const struct args_option signup_options[];
int signup_run(const struct args *);

extern const struct args_option room_new_options[], room_list_options[], room_one_options[];
int room_new_run(const struct args *);
int room_list_run(const struct args *);
int room_show_run(const struct args *);
int room_end_run(const struct args *);

extern const struct args_option follow_options[];
int follow_run(const struct args *);
int unfollow_run(const struct args *);

extern const struct args_option join_options[];
int join_run(const struct args *);

extern const struct args_option stage_options[];
extern const char stage_verbs[];
int stage_run(const struct args *);

#endif
