/* What a listener loses to 10,000 datagrams a second that are nobody's: real server, real clients, loopback.
 * Prints one JSON line, and ends with 1 where more than 0.1 % beyond the control is lost, or the server grows
 * by more than 1 MB:
 *
 *   control_lost_percent  of ten seconds without them
 *   lost_percent          of ten seconds with them
 *   sent                  datagrams
 *   grown_kb              the server's memory
 */
#include "support/garbage.h"

#include <stdio.h>

enum { SECONDS = 10, EACH_SECOND = 10000 };

static double percent(unsigned part, unsigned whole)
{
    return whole == 0 ? 100 : 100.0 * part / whole;
}

int main(void)
{
    struct garbage_figures f;
    double control, lost;

    garbage_measure(SECONDS, EACH_SECOND, &f);
    control = percent(f.control_lost, f.control_frames);
    lost = percent(f.lost, f.frames);
    printf("{\"name\":\"garbage\",\"control_lost_percent\":%.2f,\"lost_percent\":%.2f,\"sent\":%u,\"grown_"
           "kb\":%ld}\n",
           control, lost, f.sent, f.grown_kb);
    return lost > control + 0.1 || f.grown_kb > 1024;
}
