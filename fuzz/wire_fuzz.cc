// Any bytes in the ring buffer leave the decoder standing: each record is decoded or counted as malformed,
// and what comes out can be written as text.
//
// The input is a sequence of records: a type, a word whether the header's size is the truth, two bytes of
// length, and as many bytes of content. The header is made here, so that most inputs get past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "event/batch.h"
#include "event/entity_table.h"
#include "event/json_lines.h"
#include "event/text.h"
#include "sensor/decoder.h"
#include "wire/records.h"

namespace {

constexpr std::size_t kPrefix = 4;
constexpr std::size_t kMaxRecords = 64;

// As the ring buffer hands them over: aligned to eight bytes, header first.
std::vector<std::uint64_t> make_record(std::uint8_t type, bool honest,
                                       std::span<const std::uint8_t> content) {
    const std::size_t size = sizeof(cat_header) + content.size();
    std::vector<std::uint64_t> record((size + 7) / 8);
    cat_header header{};
    header.type = type;
    header.size = static_cast<std::uint32_t>(honest ? size : size * 31);
    header.ts_ns = 1;
    std::memcpy(record.data(), &header, sizeof header);
    if (!content.empty())
        std::memcpy(reinterpret_cast<char*>(record.data()) + sizeof header, content.data(), content.size());
    return record;
}

void render(const catena::event::Batch& batch) {
    catena::event::EntityTable entities;
    for (const auto& process : batch.processes) entities.add(process);
    for (const auto& file : batch.files) entities.add(file);
    for (const auto& socket : batch.sockets) entities.add(socket);
    for (const auto& object : batch.objects) entities.add(object);
    for (const auto& event : batch.events) {
        if (catena::event::to_json_line(event, entities).empty()) std::abort();
        if (catena::event::to_text_line(event, entities).empty()) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    std::span<const std::uint8_t> rest(data, size);
    catena::sensor::Decoder decoder(0);
    catena::event::Batch batch;
    std::uint64_t refused = 0;
    for (std::size_t i = 0; i < kMaxRecords && rest.size() >= kPrefix; ++i) {
        const std::size_t wanted = rest[2] | static_cast<std::size_t>(rest[3]) << 8;
        const std::size_t length = std::min(wanted, rest.size() - kPrefix);
        const auto record = make_record(rest[0], (rest[1] & 0x80) == 0, rest.subspan(kPrefix, length));
        const auto bytes = std::as_bytes(std::span(record)).first(sizeof(cat_header) + length);
        if (!decoder.decode(bytes, batch)) ++refused;
        rest = rest.subspan(kPrefix + length);
    }
    if (decoder.malformed() != refused) std::abort();
    render(batch);
    return 0;
}
