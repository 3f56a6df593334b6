#include "core/key_package.h"

#include "core/label.h"

void key_package_read(struct reader *r, struct key_package *package)
{
    const uint8_t *start = r->at;

    *package = (struct key_package){0};
    package->version = reader_u16(r);
    package->suite = reader_u16(r);
    package->init_key = reader_vector(r);
    leaf_read(r, &package->leaf);
    package->extensions = extensions_read(r);
    if (!r->failed)
        package->body = bytes(start, (size_t)(r->at - start));
    package->signature = reader_vector(r);
    if (!r->failed)
        package->encoded = bytes(start, (size_t)(r->at - start));
}

void key_package_write_body(struct buffer *b, const struct key_package *package)
{
    buffer_u16(b, package->version);
    buffer_u16(b, package->suite);
    buffer_vector(b, package->init_key);
    leaf_write(b, &package->leaf);
    buffer_vector(b, package->extensions);
}

void key_package_write(struct buffer *b, const struct key_package *package)
{
    key_package_write_body(b, package);
    buffer_vector(b, package->signature);
}

enum result key_package_ref(const struct key_package *package, uint8_t out[static MLS_HASH_LEN])
{
    return label_ref(BYTES_TEXT("MLS 1.0 KeyPackage Reference"), package->encoded, out);
}

enum result key_package_check(const struct key_package *package, uint16_t suite,
                              struct bytes context_extensions, uint64_t now, uint64_t longest_s,
                              uint64_t slack_s)
{
    enum result res;

    if (package->version != MLS_VERSION_10 || package->suite != suite)
        return E_UNSUPPORTED;
    res = hpke_key_check(package->init_key);
    if (res != OK)
        return res;
    if (package->leaf.source != MLS_LEAF_KEY_PACKAGE ||
        bytes_equal(package->init_key, package->leaf.encryption_key))
        return E_REFUSED;
    res = leaf_check(&package->leaf, suite, context_extensions);
    if (res == OK)
        res = leaf_check_lifetime(&package->leaf, now, longest_s, slack_s);
    if (res == OK)
        res = leaf_verify(&package->leaf, NULL);
    if (res == OK)
        res = label_verify(package->leaf.signature_key, BYTES_TEXT("KeyPackageTBS"), package->body,
                           package->signature);
    return res;
}
