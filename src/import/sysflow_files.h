// SysflowFiles: which file a SysFlow file id means at a time. SysFlow's id is a hash of container and path,
// so it stays with the name when the file behind it changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"
#include "import/sink.h"

namespace catena::import {

// Bounded: names not met for long are forgotten, and are then what they were at first.
class SysflowFiles {
  public:
    struct Record {
        std::string oid;
        std::string container;
        std::string path;
        char type = 'f';  // as SysFlow's restype
    };

    explicit SysflowFiles(Sink& sink) : sink_(sink), records_(kMany), histories_(kMany) {}

    void add(const Record& record);
    // The entity, which is described.
    event::EntityId at(const std::string& oid, std::int64_t ts_ns);
    event::EntityId by_path(const std::string& container, const std::string& path, std::int64_t ts_ns);

    // Pipes and sockets without a name all have one id: they are told apart by who holds them.
    [[nodiscard]] bool is_nameless(const std::string& oid);
    event::EntityId nameless(const std::string& oid, const std::string& holder, std::int64_t ts_ns);

    [[nodiscard]] std::string path(const std::string& oid);

    // What happened to names at that moment. What was opened before means the file as it was then.
    void rename(const std::string& from, const std::string& to, std::int64_t ts_ns);
    void link(const std::string& from, const std::string& to, std::int64_t ts_ns);
    void unlink(const std::string& oid, std::int64_t ts_ns);

  private:
    static constexpr std::size_t kMany = std::size_t{1} << 17;
    static constexpr std::size_t kMaxChanges = 64;  // of one name; of more, the oldest are forgotten
    // What a name meant, since when.
    using History = std::vector<std::pair<std::int64_t, event::EntityId>>;

    [[nodiscard]] static std::string key_of(std::string_view container, std::string_view path);
    [[nodiscard]] std::string key(const std::string& oid);
    [[nodiscard]] event::EntityId meaning(const std::string& key, std::int64_t ts_ns);
    void change(const std::string& key, std::int64_t ts_ns, event::EntityId id);
    void describe(event::EntityId id, const Record& record, std::int64_t ts_ns);

    Sink& sink_;
    base::GenerationMap<std::string, Record> records_;     // by oid
    base::GenerationMap<std::string, History> histories_;  // by key; only of names that changed their meaning
};

}  // namespace catena::import
