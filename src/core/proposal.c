#include "core/proposal.h"

enum { BY_VALUE = 1, BY_REFERENCE = 2 };

/* --- Reading --- */

void psk_id_read(struct reader *r, struct psk_id *psk)
{
    const uint8_t *start = r->at;

    *psk = (struct psk_id){0};
    psk->type = reader_u8(r);
    switch (psk->type) {
    case MLS_PSK_EXTERNAL:
        psk->id = reader_vector(r);
        break;
    case MLS_PSK_RESUMPTION:
        psk->usage = reader_u8(r);
        if (psk->usage < MLS_PSK_APPLICATION || psk->usage > MLS_PSK_BRANCH)
            reader_fail(r);
        psk->id = reader_vector(r);
        psk->epoch = reader_u64(r);
        break;
    default:
        reader_fail(r);
        break;
    }
    psk->nonce = reader_vector(r);
    if (!r->failed)
        psk->encoded = bytes(start, (size_t)(r->at - start));
}

static void reinit_read(struct reader *r, struct reinit *reinit)
{
    reinit->group_id = reader_vector(r);
    reinit->version = reader_u16(r);
    reinit->suite = reader_u16(r);
    reinit->extensions = extensions_read(r);
}

void proposal_read(struct reader *r, struct proposal *proposal)
{
    const uint8_t *start = r->at;

    *proposal = (struct proposal){0};
    proposal->type = reader_u16(r);
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        key_package_read(r, &proposal->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        leaf_read(r, &proposal->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        proposal->removed = reader_u32(r);
        break;
    case MLS_PROPOSAL_PSK:
        psk_id_read(r, &proposal->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        reinit_read(r, &proposal->reinit);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        proposal->kem = reader_vector(r);
        break;
    case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
        proposal->extensions = extensions_read(r);
        break;
    default: /* its length is unknown, so nothing behind it can be read */
        reader_fail(r);
        break;
    }
    if (!r->failed)
        proposal->encoded = bytes(start, (size_t)(r->at - start));
}

static void proposal_or_ref_read(struct reader *r, struct proposal_or_ref *item)
{
    uint8_t kind = reader_u8(r);

    item->by_reference = kind == BY_REFERENCE;
    item->reference = (struct bytes){0};
    if (kind == BY_REFERENCE)
        item->reference = reader_vector(r);
    else if (kind == BY_VALUE)
        proposal_read(r, &item->proposal);
    else
        reader_fail(r);
}

bool proposal_next(struct reader *proposals, struct proposal_or_ref *item)
{
    if (reader_left(proposals) == 0)
        return false;
    proposal_or_ref_read(proposals, item);
    return !proposals->failed;
}

void ciphertext_read(struct reader *r, struct bytes *kem, struct bytes *sealed)
{
    *kem = reader_vector(r);
    *sealed = reader_vector(r);
}

bool ciphertext_next(struct reader *secrets, struct bytes *kem, struct bytes *sealed)
{
    if (reader_left(secrets) == 0)
        return false;
    ciphertext_read(secrets, kem, sealed);
    return !secrets->failed;
}

bool path_node_next(struct reader *nodes, struct path_node *node)
{
    if (reader_left(nodes) == 0)
        return false;
    node->key = reader_vector(nodes);
    node->secrets = reader_vector(nodes);
    return !nodes->failed;
}

void update_path_read(struct reader *r, struct update_path *path)
{
    struct reader nodes;
    struct path_node node;

    leaf_read(r, &path->leaf);
    path->nodes = reader_vector(r);
    nodes = reader_on(path->nodes);
    while (path_node_next(&nodes, &node)) {
        struct reader secrets = reader_on(node.secrets);
        struct bytes kem, sealed;

        while (ciphertext_next(&secrets, &kem, &sealed))
            ;
        if (reader_end(&secrets) != OK)
            reader_fail(r);
    }
    if (reader_end(&nodes) != OK)
        reader_fail(r);
}

void commit_read(struct reader *r, struct commit *commit)
{
    struct proposal_or_ref item;
    struct reader proposals;
    uint8_t has_path;

    *commit = (struct commit){0};
    commit->proposals = reader_vector(r);
    proposals = reader_on(commit->proposals);
    while (proposal_next(&proposals, &item))
        ;
    if (reader_end(&proposals) != OK)
        reader_fail(r);

    has_path = reader_u8(r);
    if (has_path > 1)
        reader_fail(r);
    commit->has_path = has_path == 1;
    if (commit->has_path)
        update_path_read(r, &commit->path);
}

/* --- Writing --- */

void psk_id_write(struct buffer *b, const struct psk_id *psk)
{
    buffer_u8(b, psk->type);
    if (psk->type == MLS_PSK_RESUMPTION)
        buffer_u8(b, psk->usage);
    buffer_vector(b, psk->id);
    if (psk->type == MLS_PSK_RESUMPTION)
        buffer_u64(b, psk->epoch);
    buffer_vector(b, psk->nonce);
}

void proposal_write(struct buffer *b, const struct proposal *proposal)
{
    buffer_u16(b, proposal->type);
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        key_package_write(b, &proposal->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        leaf_write(b, &proposal->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        buffer_u32(b, proposal->removed);
        break;
    case MLS_PROPOSAL_PSK:
        psk_id_write(b, &proposal->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        buffer_vector(b, proposal->reinit.group_id);
        buffer_u16(b, proposal->reinit.version);
        buffer_u16(b, proposal->reinit.suite);
        buffer_vector(b, proposal->reinit.extensions);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        buffer_vector(b, proposal->kem);
        break;
    case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
        buffer_vector(b, proposal->extensions);
        break;
    }
}

void proposal_or_ref_write(struct buffer *b, const struct proposal_or_ref *item)
{
    buffer_u8(b, item->by_reference ? BY_REFERENCE : BY_VALUE);
    if (item->by_reference)
        buffer_vector(b, item->reference);
    else
        proposal_write(b, &item->proposal);
}

void ciphertext_write(struct buffer *b, struct bytes kem, struct bytes sealed)
{
    buffer_vector(b, kem);
    buffer_vector(b, sealed);
}

void update_path_write(struct buffer *b, const struct update_path *path)
{
    leaf_write(b, &path->leaf);
    buffer_vector(b, path->nodes);
}

void commit_write(struct buffer *b, const struct commit *commit)
{
    buffer_vector(b, commit->proposals);
    buffer_u8(b, commit->has_path);
    if (commit->has_path)
        update_path_write(b, &commit->path);
}
