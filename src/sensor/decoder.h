// Decoder: turns the records of the ring buffer (wire/records.h) into events and entities. Records are
// foreign input: every length is checked against the record's size. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/generation_map.h"
#include "event/batch.h"
#include "sensor/call_decoder.h"
#include "sensor/path_table.h"
#include "sensor/process_table.h"
#include "sensor/socket_table.h"
#include "wire/records.h"

namespace catena::sensor {

class Decoder {
  public:
    explicit Decoder(std::int64_t boot_to_real_ns);

    // Decodes one record into `out`. False for a record that is malformed: it is counted, and nothing else
    // happens.
    bool decode(std::span<const std::byte> record, event::Batch& out);

    [[nodiscard]] std::uint64_t events() const { return static_cast<std::uint64_t>(next_event_ - 1); }
    // Calls that came as a row of their own, by the CPU that saw them.
    [[nodiscard]] std::uint64_t stored(std::size_t cpu) const {
        return cpu < stored_.size() ? stored_[cpu] : 0;
    }
    // Calls that rows summed up.
    [[nodiscard]] std::uint64_t merged() const { return merged_; }
    [[nodiscard]] std::uint64_t malformed() const { return malformed_; }
    // Names that were forgotten to stay within bounds.
    [[nodiscard]] std::uint64_t forgotten() const {
        return paths_.forgotten() + sockets_.forgotten() + processes_.forgotten();
    }

  private:
    bool decode_known(const cat_header& header, std::span<const std::byte> record, event::Batch& out);
    bool decode_function_calls(std::span<const std::byte> record, event::Batch& out);
    bool decode_calls(std::span<const std::byte> record, event::Batch& out);
    void count_stored(std::uint16_t cpu);
    bool decode_events(std::span<const std::byte> record, event::Batch& out);
    bool decode_event(std::span<const std::byte> record, event::Batch& out);
    bool decode_file(std::span<const std::byte> record, event::Batch& out);
    bool decode_path_event(std::span<const std::byte> record, event::Batch& out);
    event::Event to_event(const cat_event& record, event::Batch& out);
    void name_object(event::Event& event);
    PathTable::Named file_at(const std::string& path, event::EntityId id, event::FileKind kind);
    void apply_path_operation(event::Event& event, event::EntityId second, event::Batch& out);
    void apply_rename(event::Event& event, const event::FileName& file, event::EntityId second,
                      event::Batch& out);
    static void add_name(event::FileName file, const std::string& path, std::int64_t ts_ns,
                         event::Batch& out);
    [[nodiscard]] std::int64_t real_time(const cat_header& header) const {
        return static_cast<std::int64_t>(header.ts_ns) + boot_to_real_ns_;
    }

    std::int64_t boot_to_real_ns_;
    std::int64_t next_event_ = 1;
    std::uint64_t malformed_ = 0;
    std::uint64_t merged_ = 0;
    CallDecoder calls_;
    std::vector<std::uint64_t> stored_;
    PathTable paths_;
    ProcessTable processes_;
    SocketTable sockets_;
};

}  // namespace catena::sensor
