"""The C that stands around a classifier's tables; @names@ are filled in by c_text.

It keeps to C99 with string.h and to 16-bit `int`: counters are int32_t. No function but
NAME_check() takes time that depends on the data.
"""

__all__ = ["BLOCK", "HEADER", "ONE", "RUN", "SOURCE"]

HEADER = """\
/* A logic gate network as C99, written by lgn export from the classifier
 * @digest@.
 *
 * A sample is an array of integer codes:
@ranges@
 * The classes:
@class_names@
 *
 * The functions share memory of this file's own: call them from one thread at a time.
 */
#ifndef @NAME@_H
#define @NAME@_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_FEATURES @features@
#define @NAME@_CLASSES @classes@
#define @NAME@_SAMPLES @samples@ /* that @name@_classify_block() takes at most */
#define @NAME@_TABLE_BYTES @table_bytes@ /* of flash, beside the code */
#define @NAME@_ROOM_BYTES @room_bytes@ /* of RAM, beside the stack */

typedef @feature@ @name@_feature;
typedef @class_type@ @name@_class;
typedef @score@ @name@_score;

/* Return the class of one sample, @NAME@_FEATURES codes: of those with most votes the lowest. */
@name@_class @name@_classify(const @name@_feature *sample);

/* Count the votes for each class, into @NAME@_CLASSES numbers. */
void @name@_scores(const @name@_feature *sample, @name@_score *scores);

/* Classify 1 to @samples@ samples, one after the other in memory, at once: a bit of a word each. */
void @name@_classify_block(const @name@_feature *samples, int count, @name@_class *classes);

/* Return 0 where the tables in flash are those that were written. */
int @name@_check(void);

#ifdef __cplusplus
}
#endif

#endif
"""

SOURCE = """\
/* See @name@.h. Each instruction of the program computes a gate on a word of samples. */
#include "@name@.h"

#include <string.h>

typedef @word@ word;

#define RUNS @runs@
#define BITS @bits@
#define VOTES @votes@
#define PLANES @planes@
#define LENGTH(table) ((int32_t)(sizeof(table) / sizeof(table)[0]))

@tables@
static word slots[@slots@];
"""

RUN = """
#define SECOND(i, value) \\
    { \\
        const word a = slots[code[i]], b = slots[code[(i) + 1]]; \\
        slots[code[(i) + 2]] = (word)(value); \\
    }
#define THIRD(i, value) \\
    { \\
        const word a = slots[code[i]], b = slots[code[(i) + 1]], c = slots[code[(i) + 2]]; \\
        slots[code[(i) + 3]] = (word)(value); \\
    }
#define TWO(value) \\
    for (; n >= 4; n -= 4, code += 12) { \\
        SECOND(0, value) \\
        SECOND(3, value) \\
        SECOND(6, value) \\
        SECOND(9, value) \\
    } \\
    for (; n > 0; --n, code += 3) SECOND(0, value) \\
    break;
#define THREE(value) \\
    for (; n >= 2; n -= 2, code += 8) { \\
        THIRD(0, value) \\
        THIRD(4, value) \\
    } \\
    for (; n > 0; --n, code += 4) THIRD(0, value) \\
    break;

static void run(void)
{
    const @code@ *code = CODE;
    int32_t r;
    (void)code;
    for (r = 0; r < RUNS; ++r) {
        int32_t n = (int32_t)RUN_COUNT[r];
        switch (RUN_FUNCTION[r]) {
@cases@
        default: break;
        }
        (void)n;
    }
}
"""

ONE = """
static void evaluate(const @name@_feature *sample)
{
    int32_t i;
    for (i = 0; i < BITS; ++i) slots[i] = sample[BIT_FEATURE[i]] > BIT_THRESHOLD[i];
    run();
}

static @name@_score score(int32_t c)
{
    const @vote@ *vote = VOTE + VOTE_FIRST[c];
    const @vote@ *const middle = VOTE + VOTE_INVERTED[c];
    const @vote@ *const end = VOTE + VOTE_FIRST[c + 1];
    uint32_t sum = (uint32_t)VOTE_CONSTANT[c] + (uint32_t)(end - middle);
    for (; middle - vote >= 4; vote += 4) {
        const word a = (slots[vote[0]] & 1) + (slots[vote[1]] & 1);
        const word b = (slots[vote[2]] & 1) + (slots[vote[3]] & 1);
        sum += (uint32_t)(a + b);
    }
    for (; vote < middle; ++vote) sum += (uint32_t)(slots[*vote] & 1);
    for (; vote < end; ++vote) sum -= (uint32_t)(slots[*vote] & 1);
    return (@name@_score)sum;
}

void @name@_scores(const @name@_feature *sample, @name@_score *scores)
{
    int32_t c;
    evaluate(sample);
    for (c = 0; c < @NAME@_CLASSES; ++c) scores[c] = score(c);
}

@name@_class @name@_classify(const @name@_feature *sample)
{
    @name@_score most;
    @name@_class best = 0;
    int32_t c;
    evaluate(sample);
    most = score(0);
    for (c = 1; c < @NAME@_CLASSES; ++c) {
        const @name@_score votes = score(c);
        if (votes > most) {
            most = votes;
            best = (@name@_class)c;
        }
    }
    return best;
}
"""

BLOCK = """
/* planes[p] holds bit p of each sample's number of votes. */
static void ripple(word *planes, int p, word carry)
{
    for (; p < PLANES; ++p) {
        const word both = planes[p] & carry;
        planes[p] ^= carry;
        carry = both;
    }
}

/* Three words to their sum, in *sum, and the carry. */
static word add_words(word *sum, word b, word c)
{
    const word a = *sum, change = a ^ b;
    *sum = change ^ c;
    return (a & b) | (change & c);
}

static void count_votes(const @vote@ *vote, const @vote@ *end, word flip, word *planes)
{
    for (; end - vote >= 4; vote += 4) {
        const word a = add_words(&planes[0], slots[vote[0]] ^ flip, slots[vote[1]] ^ flip);
        const word b = add_words(&planes[0], slots[vote[2]] ^ flip, slots[vote[3]] ^ flip);
        ripple(planes, 2, add_words(&planes[1], a, b));
    }
    for (; vote < end; ++vote) ripple(planes, 0, slots[*vote] ^ flip);
}

static void score_block(int32_t c, word *planes)
{
    const @vote@ *const middle = VOTE + VOTE_INVERTED[c];
    int p;
    for (p = 0; p < PLANES; ++p)
        planes[p] = (word)0 - (word)(((uint32_t)VOTE_CONSTANT[c] >> p) & 1u);
    count_votes(VOTE + VOTE_FIRST[c], middle, 0, planes);
    count_votes(middle, VOTE + VOTE_FIRST[c + 1], ~(word)0, planes);
}

void @name@_classify_block(const @name@_feature *samples, int count, @name@_class *classes)
{
    word most[PLANES], planes[PLANES], number[@class_bits@];
    int32_t c, i;
    int k, s;
    for (i = 0; i < BITS; ++i) {
        const @name@_feature *code = samples + BIT_FEATURE[i];
        const @name@_feature threshold = BIT_THRESHOLD[i];
        word bits = 0;
        for (s = 0; s < count; ++s, code += @NAME@_FEATURES)
            bits |= (word)(*code > threshold) << s;
        slots[i] = bits;
    }
    run();
    memset(number, 0, sizeof number);
    score_block(0, most);
    for (c = 1; c < @NAME@_CLASSES; ++c) {
        word above = 0;
        int p;
        score_block(c, planes);
        for (p = 0; p < PLANES; ++p) {
            const word differ = planes[p] ^ most[p];
            above = (differ & planes[p]) | (~differ & above);
        }
        for (p = 0; p < PLANES; ++p) most[p] ^= (most[p] ^ planes[p]) & above;
        for (k = 0; k < @class_bits@; ++k)
            number[k] = (c >> k) & 1 ? number[k] | above : number[k] & ~above;
    }
    for (s = 0; s < count; ++s) {
        uint32_t found = 0;
        for (k = 0; k < @class_bits@; ++k) found |= (uint32_t)((number[k] >> s) & 1) << k;
        classes[s] = (@name@_class)found;
    }
}

/* CRC-32 of eight bytes, the lowest first. */
static uint32_t add(uint32_t crc, int64_t value)
{
    uint64_t rest = (uint64_t)value;
    int byte, bit;
    for (byte = 0; byte < 8; ++byte, rest >>= 8) {
        crc ^= (uint32_t)(rest & 0xff);
        for (bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return crc;
}

int @name@_check(void)
{
    uint32_t crc = 0xffffffffu;
    int32_t i;
@sums@
    return (crc ^ 0xffffffffu) != @crc@u;
}
"""
