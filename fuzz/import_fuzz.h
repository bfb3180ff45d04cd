// One import of bytes in memory, for the targets of its formats. The parser gets lines as LineReader hands
// them over: in a buffer of exactly their length and the padding, so that a sanitiser sees what reads
// further.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "import/format.h"
#include "import/sink.h"

namespace catena::import {

inline void import_bytes(std::string_view format, std::string_view bytes) {
    std::uint64_t events = 0;
    event::Accounting last;
    Sink sink([&](event::Batch&& batch) {
        events += batch.events.size();
        if (!batch.accounting.empty()) last = batch.accounting.back();
        return base::Status();
    });
    const auto parser = find_format(format)->make(sink);
    Line line;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        std::vector<char> buffer(end + LineReader::kPadding);
        std::memcpy(buffer.data(), bytes.data(), end);
        line.text = std::string_view(buffer.data(), end);
        ++line.number;
        if (auto read = parser->line(line); !read) sink.bad(line.number, read.error().message);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    parser->finish();
    const bool done = sink.finish().has_value();
    const bool adds_up = last.seen == last.stored + last.merged + last.filtered + last.lost;
    if (!done || !adds_up || events != last.stored || last.lost > line.number) std::abort();
}

}  // namespace catena::import
