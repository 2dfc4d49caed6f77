/* A small C face of simdjson's DOM parser: one call parses, and hands over the whole tape.
 *
 * The tape's format is documented by simdjson in doc/tape.md: 64-bit words, the type in the upper
 * 8 bits; strings are offsets into a buffer that holds a 32-bit length and the unescaped bytes.
 */
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csimdjson_parser csimdjson_parser;

/* A parser for documents of at most max_depth levels; NULL where there is no memory. */
csimdjson_parser *csimdjson_parser_new(size_t max_depth);
void csimdjson_parser_free(csimdjson_parser *parser);

/* Parses a copy of length bytes, since simdjson reads ahead. Returns 0, or simdjson's error code,
 * which csimdjson_error_text explains. */
int csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t length);

/* The tape and the strings of the last document parsed; valid until the next parse. */
const uint64_t *csimdjson_tape(const csimdjson_parser *parser, size_t *word_count);
const uint8_t *csimdjson_strings(const csimdjson_parser *parser, size_t *byte_count);

const char *csimdjson_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
