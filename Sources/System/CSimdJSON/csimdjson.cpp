#include "csimdjson.h"

#include <new>
#include <simdjson.h>

struct csimdjson_parser {
  simdjson::dom::parser parser;
  size_t max_depth;
  size_t string_bytes = 0;
};

extern "C" {

csimdjson_parser *csimdjson_parser_new(size_t max_depth) {
  auto *made = new (std::nothrow) csimdjson_parser();
  if (made != nullptr) made->max_depth = max_depth;
  return made;
}

void csimdjson_parser_free(csimdjson_parser *parser) { delete parser; }

int csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t length) {
  // Capacity grows by doubling, so that a run of growing documents does not reallocate each time.
  auto &dom = parser->parser;
  if (dom.capacity() < length || dom.max_depth() != parser->max_depth) {
    size_t capacity = dom.capacity() * 2;
    if (capacity < length) capacity = length;
    if (capacity < 4096) capacity = 4096;
    auto grown = dom.allocate(capacity, parser->max_depth);
    if (grown != simdjson::SUCCESS) return static_cast<int>(grown);
  }
  // simdjson bounds its string buffer by the length of the text: see document::allocate.
  parser->string_bytes = 0;
  auto result = dom.parse(bytes, length);
  if (result.error() != simdjson::SUCCESS) return static_cast<int>(result.error());
  parser->string_bytes = (5 * length / 3 + simdjson::SIMDJSON_PADDING + 63) / 64 * 64;
  return 0;
}

const uint64_t *csimdjson_tape(const csimdjson_parser *parser, size_t *word_count) {
  const uint64_t *tape = parser->parser.doc.tape.get();
  // The first word is the root; its payload is the index of the last word.
  *word_count = static_cast<size_t>(tape[0] & 0x00FFFFFFFFFFFFFFULL);
  return tape;
}

const uint8_t *csimdjson_strings(const csimdjson_parser *parser, size_t *byte_count) {
  *byte_count = parser->string_bytes;
  return parser->parser.doc.string_buf.get();
}

const char *csimdjson_error_text(int code) {
  return simdjson::error_message(static_cast<simdjson::error_code>(code));
}
}
