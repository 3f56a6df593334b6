#include "relay/visit.h"

#include <stdlib.h>
#include <string.h>

enum result relay_offer_read(struct bytes text, const struct ticket *t, struct sdp *offer,
                             struct sdp_plan *plan)
{
    enum result res = sdp_read(text, offer);

    if (res == OK)
        res = sdp_check_transport(offer);
    if (res != OK)
        return res;

    const struct sdp_media *m = &offer->media[offer->transport];
    if (memcmp(m->fingerprint, t->fingerprint, sizeof t->fingerprint) != 0)
        return E_REFUSED;
    /* We never start the handshake: that would be a word to an address that has not passed a check. */
    if (m->setup == SDP_PASSIVE)
        return E_UNSUPPORTED;
    sdp_plan_of(offer, plan);
    if (plan->use[offer->transport] == SDP_REJECT)
        return E_UNSUPPORTED;
    return OK;
}

/* No two streams of a session may share an SSRC. */
static uint32_t ssrc_draw(const struct random *random, const struct relay_session *s, size_t count)
{
    uint32_t ssrc;
    bool taken;

    do {
        ssrc = random_u32(random);
        taken = ssrc == 0 || ssrc == s->ssrc;
        for (size_t i = 0; i < count; i++)
            taken = taken || s->slots[i].ssrc == ssrc;
    } while (taken);
    return ssrc;
}

static void streams_draw(struct relay_session *s, const struct sdp *offer, const struct sdp_plan *plan,
                         const struct random *random)
{
    s->ssrc = ssrc_draw(random, s, 0);
    for (size_t i = 0; i < offer->media_count; i++) {
        if (plan->use[i] == SDP_MOUTH) {
            s->mouth.offered = true;
            s->mouth.payload_type = offer->media[i].opus_type;
        } else if (plan->use[i] == SDP_SLOT) {
            s->slots[s->slot_count].ssrc = ssrc_draw(random, s, s->slot_count);
            s->slots[s->slot_count].payload_type = offer->media[i].opus_type;
            s->slot_count++;
        }
    }
}

static enum result hop_make(struct relay_session *s, const struct sdp *offer, const struct ticket *t,
                            const struct random *random, uint64_t now_us, struct hop_credentials *local)
{
    const struct sdp_media *m = &offer->media[offer->transport];
    struct hop_credentials name;

    enum result res = hop_identity_new(&s->identity);
    if (res != OK)
        return res;
    hop_credentials_draw(random, local);
    hop_credentials_draw(random, &name);
    memcpy(s->ufrag, local->ufrag, sizeof s->ufrag);
    memcpy(s->cname, name.ufrag, sizeof s->cname);
    struct hop_settings settings = {
        .role = HOP_RELAY,
        .identity = s->identity,
        .random = random,
        .local = *local,
        .remote_ufrag = m->ufrag,
        .remote_password = m->pwd,
    };
    memcpy(settings.peer_fingerprint, t->fingerprint, sizeof settings.peer_fingerprint);
    return hop_new(&settings, now_us, &s->hop);
}

static void answer_put(struct writer *w, const struct relay_session *s, const struct sdp *offer,
                       const struct sdp_plan *plan, const struct hop_credentials *local,
                       const struct address *candidates, size_t candidate_count, const struct random *random)
{
    struct sdp_self self = {
        .ufrag = bytes_string(local->ufrag),
        .pwd = bytes_string(local->password),
        .cname = bytes_string(s->cname),
        .candidates = candidates,
        .candidate_count = candidate_count,
    };
    bool active;

    random_fill(random, &self.session, sizeof self.session);
    memcpy(self.fingerprint, hop_identity_fingerprint(s->identity), sizeof self.fingerprint);
    for (size_t i = 0; i < s->slot_count; i++)
        self.ssrc[i] = s->slots[i].ssrc;
    sdp_answer_write(w, offer, plan, &self, &active);
}

enum result relay_session_new(const struct sdp *offer, const struct sdp_plan *plan, const struct ticket *t,
                              const struct address *candidates, size_t candidate_count,
                              const struct random *random, uint64_t now_us, struct writer *answer,
                              struct relay_session **out)
{
    struct relay_session *s = calloc(1, sizeof *s);
    struct hop_credentials local = {0};

    if (s == NULL)
        return E_NO_MEMORY;
    memcpy(s->room_tag, t->room, sizeof s->room_tag);
    s->role = t->role;
    s->open_by_us = now_us + RELAY_OPEN_US;
    s->microphone = -1;
    random_fill(random, s->id, sizeof s->id);
    streams_draw(s, offer, plan, random);
    enum result res = hop_make(s, offer, t, random, now_us, &local);
    if (res == OK) {
        answer_put(answer, s, offer, plan, &local, candidates, candidate_count, random);
        res = writer_end(answer, NULL);
    }
    wipe(&local, sizeof local);
    if (res == OK)
        *out = s;
    else
        relay_session_free(s);
    return res;
}
