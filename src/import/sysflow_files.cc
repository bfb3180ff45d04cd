#include "import/sysflow_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "import/ids.h"

namespace catena::import {

using event::EntityId;

std::string SysflowFiles::key_of(std::string_view container, std::string_view path) {
    return fmt::format("{}:{}", container, path);
}

std::string SysflowFiles::key(const std::string& oid) {
    const Record* record = records_.find(oid);
    return record != nullptr ? key_of(record->container, record->path) : oid;
}

void SysflowFiles::add(const Record& record) {
    records_.insert(record.oid, record, record.oid.size() + record.container.size() + record.path.size());
}

EntityId SysflowFiles::meaning(const std::string& key, std::int64_t ts_ns) {
    if (const History* history = histories_.find(key)) {
        const auto later = std::ranges::upper_bound(*history, ts_ns, {}, &History::value_type::first);
        if (later != history->begin()) return std::prev(later)->second;
    }
    return id_of("sysflow file", key);
}

void SysflowFiles::change(const std::string& key, std::int64_t ts_ns, EntityId id) {
    History* history = histories_.find(key);
    if (history == nullptr) history = &histories_.insert(key, {});
    history->insert(std::ranges::upper_bound(*history, ts_ns, {}, &History::value_type::first), {ts_ns, id});
    if (history->size() > kMaxChanges) history->erase(history->begin());
}

void SysflowFiles::describe(EntityId id, const Record& record, std::int64_t ts_ns) {
    switch (record.type) {
        case 'p':
            sink_.add(event::Object{
                .id = id, .since_ns = ts_ns, .label = record.path.empty() ? "pipe" : record.path});
            break;
        case 'u':
            sink_.add(event::Socket{.id = id, .since_ns = ts_ns, .protocol = "unix", .local = record.path});
            break;
        default:
            sink_.add(event::FileName{
                .id = id,
                .since_ns = ts_ns,
                .path = record.path,
                .kind = record.type == 'd' ? event::FileKind::Directory : event::FileKind::Unknown});
    }
}

EntityId SysflowFiles::at(const std::string& oid, std::int64_t ts_ns) {
    if (oid.empty()) return {};
    const EntityId id = meaning(key(oid), ts_ns);
    if (const Record* record = records_.find(oid)) describe(id, *record, ts_ns);
    return id;
}

EntityId SysflowFiles::by_path(const std::string& container, const std::string& path, std::int64_t ts_ns) {
    const EntityId id = meaning(key_of(container, path), ts_ns);
    describe(id, {.container = container, .path = path}, ts_ns);
    return id;
}

bool SysflowFiles::is_nameless(const std::string& oid) {
    const Record* record = records_.find(oid);
    return record != nullptr && record->path.empty();
}

EntityId SysflowFiles::nameless(const std::string& oid, const std::string& holder, std::int64_t ts_ns) {
    const EntityId id = id_of("sysflow nameless", oid + holder);
    if (const Record* record = records_.find(oid)) describe(id, *record, ts_ns);
    return id;
}

std::string SysflowFiles::path(const std::string& oid) {
    const Record* record = records_.find(oid);
    return record != nullptr ? record->path : "";
}

void SysflowFiles::link(const std::string& from, const std::string& to, std::int64_t ts_ns) {
    if (to.empty()) return;
    const EntityId id = meaning(key(from), ts_ns);
    change(key(to), ts_ns, id);
    if (const Record* record = records_.find(to)) describe(id, *record, ts_ns);
}

void SysflowFiles::rename(const std::string& from, const std::string& to, std::int64_t ts_ns) {
    link(from, to, ts_ns);
    unlink(from, ts_ns);
}

// The next file of that name is another one. What bears the same time as the unlink still means the old one.
void SysflowFiles::unlink(const std::string& oid, std::int64_t ts_ns) {
    const std::string name = key(oid);
    change(name, ts_ns + 1, id_of("sysflow file", fmt::format("{} after {}", name, ts_ns)));
}

}  // namespace catena::import
