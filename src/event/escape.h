// Bytes as text and back. Paths and arguments are bytes on Linux, while SQL and JSON want UTF-8.
//
// Valid UTF-8 stays as it is; each byte that is not part of valid UTF-8, and NUL, becomes `\xHH` (two
// lower-case digits). A backslash stands for itself unless it would be misread: before another backslash,
// before an escaped byte and before a literal `xHH` it is doubled. unescape() gives the very same bytes back
// for any bytes. Recordings, JSON Lines and chains all write text so (docs/formats/events.md).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace catena::event {

std::string escape(std::string_view bytes);

// The bytes that escape() made `text` from. What escape() would never write is kept as it is.
std::string unescape(std::string_view text);

// For terminals: as escape(), and control characters, including those that reorder text, become `\n`, `\t`,
// `\xHH` or
// `\u{H}`, so that a name can neither move the cursor nor change colours nor pretend to be another.
std::string escape_for_terminal(std::string_view bytes);

// How many bytes the valid UTF-8 character at the start of `bytes` takes; 0 where there is none. Overlong
// forms, surrogates and code points beyond U+10FFFF are not valid.
std::size_t utf8_length(std::string_view bytes);

// The code point of one valid UTF-8 character, or of any single byte.
char32_t code_point(std::string_view character);

}  // namespace catena::event
