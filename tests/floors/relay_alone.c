/* Nothing but the relay: what it takes to link this is what a relay is made of. */
#include "relay/relay.h"

int main(void)
{
    relay_free(NULL);
    return 0;
}
