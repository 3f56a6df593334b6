#include "sound/opus.h"

#include "support/denied.h"
#include "support/speech.h"
#include "support/waveform.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opus.h>

enum { SECOND = 50 };

/* Something like a voiced sound whose pitch and loudness wander, so that no frame follows from the last. */
static void voiced(float out[static SOUND_FRAME], size_t frame)
{
    for (size_t i = 0; i < SOUND_FRAME; i++) {
        double t = (double)(frame * SOUND_FRAME + i) / SOUND_RATE, sum = 0;
        double phase = 2 * 3.14159265358979 * (140 * t + 8 * sin(2 * t));

        for (int harmonic = 1; harmonic < 20; harmonic++)
            sum += sin(harmonic * phase) / harmonic;
        out[i] = (float)(0.2 * sum * (0.6 + 0.4 * sin(19 * t)));
    }
}

static void one_size_in_speech_and_silence(void **state)
{
    static const float silence[SOUND_FRAME];
    uint8_t packet[SOUND_SPEECH_BYTES];
    float in[SOUND_FRAME], out[SOUND_FRAME];
    struct sound_encoder *encoder;
    struct sound_decoder *decoder;

    (void)state;
    assert_int_equal(sound_encoder_new(&encoder), OK);
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t frame = 0; frame < 4 * SECOND; frame++) {
        voiced(in, frame);
        memset(packet, 0xee, sizeof packet);
        sound_encode(encoder, frame / SECOND % 2 == 0 ? in : silence, packet);
        assert_int_equal(sound_packet_check(bytes(packet, sizeof packet)), OK);
        assert_int_equal(sound_decode(decoder, bytes(packet, sizeof packet), out), OK);
    }
    sound_encoder_free(encoder);
    sound_decoder_free(decoder);
}

/* 6.5 ms from a sample in to the same sample out, frames aside. */
static void keeps_the_waveform_and_its_delay(void **state)
{
    enum { DELAY = 312 };
    float *in = calloc(SECOND * SOUND_FRAME, sizeof *in), *out = calloc(SECOND * SOUND_FRAME, sizeof *out);
    uint8_t packet[SOUND_SPEECH_BYTES];
    struct sound_encoder *encoder;
    struct sound_decoder *decoder;

    (void)state;
    assert_non_null(in);
    assert_non_null(out);
    assert_int_equal(sound_encoder_new(&encoder), OK);
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t frame = 0; frame < SECOND; frame++) {
        voiced(in + frame * SOUND_FRAME, frame);
        sound_encode(encoder, in + frame * SOUND_FRAME, packet);
        assert_int_equal(sound_decode(decoder, bytes(packet, sizeof packet), out + frame * SOUND_FRAME), OK);
    }
    assert_true(waveform_correlation(in, out + DELAY, SECOND * SOUND_FRAME - DELAY) > 0.9);
    assert_true(waveform_correlation(in, out, SECOND * SOUND_FRAME) < 0.9);
    sound_encoder_free(encoder);
    sound_decoder_free(decoder);
    free(in);
    free(out);
}

/* One packet in ten is lost: from the copy in the next one it comes back nearly whole. */
static void the_next_packet_carries_a_copy(void **state)
{
    struct speech said = speech_say("en", speech_english);
    float *whole = calloc(said.count, sizeof *whole), *lossy = calloc(said.count, sizeof *lossy);
    size_t frames = said.count / SOUND_FRAME - 1;
    uint8_t(*packets)[SOUND_SPEECH_BYTES] = calloc(frames + 1, sizeof *packets);
    struct sound_decoder *decoders[2];
    struct sound_encoder *encoder;

    (void)state;
    assert_true(whole != NULL && lossy != NULL && packets != NULL);
    assert_int_equal(sound_encoder_new(&encoder), OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sound_decoder_new(&decoders[i]), OK);
    for (size_t frame = 0; frame <= frames; frame++)
        sound_encode(encoder, said.samples + frame * SOUND_FRAME, packets[frame]);
    for (size_t frame = 0; frame < frames; frame++) {
        struct bytes packet = bytes(packets[frame], SOUND_SPEECH_BYTES);
        struct bytes next = bytes(packets[frame + 1], SOUND_SPEECH_BYTES);
        float *out = lossy + frame * SOUND_FRAME;

        assert_int_equal(sound_decode(decoders[0], packet, whole + frame * SOUND_FRAME), OK);
        if (frame % 10 == 5)
            assert_int_equal(sound_decode_lost(decoders[1], next, out), OK);
        else
            assert_int_equal(sound_decode(decoders[1], packet, out), OK);
    }
    assert_true(waveform_correlation(whole, lossy, frames * SOUND_FRAME) > 0.98);
    for (int i = 0; i < 2; i++)
        sound_decoder_free(decoders[i]);
    sound_encoder_free(encoder);
    free(packets);
    free(lossy);
    free(whole);
    free(said.samples);
}

static void concealment_fades(void **state)
{
    uint8_t packet[SOUND_SPEECH_BYTES];
    float in[SOUND_FRAME], out[SOUND_FRAME];
    struct sound_encoder *encoder;
    struct sound_decoder *decoder;
    double first = 0, last = 0;

    (void)state;
    assert_int_equal(sound_encoder_new(&encoder), OK);
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t frame = 0; frame < 20; frame++) {
        voiced(in, frame);
        sound_encode(encoder, in, packet);
        assert_int_equal(sound_decode(decoder, bytes(packet, sizeof packet), out), OK);
    }
    for (int frame = 0; frame < 20; frame++) {
        sound_conceal(decoder, out);
        for (size_t i = 0; i < SOUND_FRAME; i++)
            *(frame == 0 ? &first : &last) += frame == 0 || frame == 19 ? out[i] * out[i] : 0;
    }
    assert_true(first > 1);
    assert_true(last < first / 100);
    sound_encoder_free(encoder);
    sound_decoder_free(decoder);
}

/* Packets of every length that Opus knows, from one encoder whose peer changed its mind in mid-stream. */
static void g14_only_frames_of_20_ms(void **state)
{
    static const int samples[] = {960, 120, 240, 480, 960, 1920, 2880, 3840, 4800, 5760, 960};
    float in[5760] = {0}, out[SOUND_FRAME + 1];
    struct sound_decoder *decoder;
    uint8_t packet[1275];
    OpusEncoder *encoder;
    int error;

    (void)state;
    encoder = opus_encoder_create(SOUND_RATE, 1, OPUS_APPLICATION_VOIP, &error);
    assert_non_null(encoder);
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t n = 0; n < sizeof samples / sizeof samples[0]; n++) {
        int len;

        for (size_t frame = 0; frame < 6; frame++)
            voiced(in + frame * SOUND_FRAME, 6 * n + frame);
        len = opus_encode_float(encoder, in, samples[n], packet, sizeof packet);
        assert_true(len > 0);
        out[SOUND_FRAME] = 7;
        assert_int_equal(sound_decode(decoder, bytes(packet, (size_t)len), out),
                         samples[n] == SOUND_FRAME ? OK : E_UNSUPPORTED);
        assert_int_equal(sound_decode_lost(decoder, bytes(packet, (size_t)len), out),
                         samples[n] == SOUND_FRAME ? OK : E_UNSUPPORTED);
        assert_true(out[SOUND_FRAME] == 7);
    }
    opus_encoder_destroy(encoder);
    sound_decoder_free(decoder);
}

static void g14_no_two_frames_in_one_packet(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum result res;
    } packets[] = {
        {"", 0, E_MALFORMED},
        {"\x78", 1, OK},                      /* one frame of 20 ms with nothing in it */
        {"\x78\xff\xfe", 3, OK},              /* and with something */
        {"\x7c\xff\xfe", 3, OK},              /* in stereo */
        {"\x79\xff\xfe", 3, E_UNSUPPORTED},   /* two of one size */
        {"\x79\xff", 2, E_MALFORMED},         /* two of one size, in one byte */
        {"\x7a\1\xff\xfe", 4, E_UNSUPPORTED}, /* two sizes */
        {"\x7a\5\xff\xfe", 4, E_MALFORMED},   /* the first longer than the packet */
        {"\x7b\1\xff", 3, OK},                /* any number, here one */
        {"\x7b\3\1\2\3", 5, E_UNSUPPORTED},   /* three */
        {"\x7b\0\1", 3, E_MALFORMED},         /* none */
        {"\x7b\x41\1\xff\0", 5, OK},          /* one, and one byte of padding */
        {"\x7b\x41\xff\xff", 4, E_MALFORMED}, /* padding past the end */
        {"\x7b", 1, E_MALFORMED},             /* no count */
        {"\x70\xff\xfe", 3, E_UNSUPPORTED},   /* 10 ms */
    };
    struct sound_decoder *decoder;
    float out[SOUND_FRAME];

    (void)state;
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        assert_int_equal(sound_packet_check(bytes(packets[i].bytes, packets[i].len)), packets[i].res);
        assert_int_equal(sound_decode(decoder, bytes(packets[i].bytes, packets[i].len), out), packets[i].res);
    }
    sound_decoder_free(decoder);
}

static void reset_forgets(void **state)
{
    uint8_t packets[10][SOUND_SPEECH_BYTES];
    float in[SOUND_FRAME], first[SOUND_FRAME], again[SOUND_FRAME];
    struct sound_encoder *encoder;
    struct sound_decoder *decoder;

    (void)state;
    assert_int_equal(sound_encoder_new(&encoder), OK);
    assert_int_equal(sound_decoder_new(&decoder), OK);
    for (size_t frame = 0; frame < 10; frame++) {
        voiced(in, frame);
        sound_encode(encoder, in, packets[frame]);
        assert_int_equal(
            sound_decode(decoder, bytes(packets[frame], SOUND_SPEECH_BYTES), frame == 0 ? first : again), OK);
    }
    sound_decoder_reset(decoder);
    assert_int_equal(sound_decode(decoder, bytes(packets[0], SOUND_SPEECH_BYTES), again), OK);
    assert_memory_equal(first, again, sizeof first);
    sound_encoder_free(encoder);
    sound_decoder_free(decoder);
    sound_encoder_free(NULL);
    sound_decoder_free(NULL);
}

static void no_memory_is_a_result(void **state)
{
    struct sound_encoder *encoder;
    struct sound_decoder *decoder;

    (void)state;
    denied_after(0);
    assert_int_equal(sound_encoder_new(&encoder), E_NO_MEMORY);
    assert_true(denied_end());
    assert_null(encoder);
    denied_after(0);
    assert_int_equal(sound_decoder_new(&decoder), E_NO_MEMORY);
    assert_true(denied_end());
    assert_null(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_size_in_speech_and_silence),
        cmocka_unit_test(keeps_the_waveform_and_its_delay),
        cmocka_unit_test(the_next_packet_carries_a_copy),
        cmocka_unit_test(concealment_fades),
        cmocka_unit_test(g14_only_frames_of_20_ms),
        cmocka_unit_test(g14_no_two_frames_in_one_packet),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(no_memory_is_a_result),
    };

    return cmocka_run_group_tests_name("opus", tests, NULL, NULL);
}
