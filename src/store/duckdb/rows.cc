#include "store/duckdb/rows.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "event/escape.h"
#include "store/duckdb/schema.h"

namespace catena::store::duckdb {
namespace {

Column unsigned_column(const std::string& expression) {
    return {expression + "::UBIGINT", DUCKDB_TYPE_UBIGINT};
}

// Reads the cells of one row from left to right.
class Cells {
  public:
    Cells(const Chunk& chunk, std::size_t row) : chunk_(chunk), row_(row) {}

    std::int64_t integer() { return chunk_.integer(column_++, row_); }
    std::int64_t integer_or(std::int64_t none) {
        const bool null = chunk_.is_null(column_, row_);
        const std::int64_t value = integer();
        return null ? none : value;
    }
    event::EntityId id() { return {static_cast<std::uint64_t>(integer())}; }
    std::uint8_t byte() { return chunk_.byte(column_++, row_); }
    std::string_view text() { return chunk_.text(column_++, row_); }
    std::string bytes() { return event::unescape(text()); }

  private:
    const Chunk& chunk_;
    std::size_t row_;
    std::size_t column_ = 0;
};

// The value of an enum without gaps whose name is `name`; the first one where there is none.
template <class E>
E from_name(std::string_view name, E last) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        if (event::to_string(static_cast<E>(i)) == name) return static_cast<E>(i);
    }
    return E{};
}

event::Attribution to_attribution(Cells& cells) {
    event::Attribution a;
    for (std::uint32_t* number : {&a.login_uid, &a.session})
        *number = static_cast<std::uint32_t>(cells.integer_or(event::kUnset));
    for (std::uint32_t* ns : {&a.pid_ns, &a.mount_ns, &a.user_ns})
        *ns = static_cast<std::uint32_t>(cells.integer_or(0));
    for (std::string* text : {&a.user, &a.login_user, &a.cgroup.unit, &a.cgroup.user_unit, &a.cgroup.slice,
                              &a.cgroup.container, &a.cgroup.runtime, &a.cgroup.pod}) {
        *text = cells.bytes();
    }
    return a;
}

// Names of system calls have to be in static storage (event::Event). There are some 400; a recording that
// claims more than kMaxNames gets no names for the rest. Thread-safe.
std::string_view static_name(std::string_view name) {
    constexpr std::size_t kMaxNames = 4096;
    constexpr std::size_t kMaxBytes = 64;
    if (name.empty() || name.size() > kMaxBytes) return {};
    static std::mutex mutex;
    static std::unordered_set<std::string> names;
    const std::lock_guard lock(mutex);
    if (names.size() >= kMaxNames && !names.contains(std::string(name))) return {};
    return *names.emplace(name).first;
}

// The cells of flow_columns().
event::Event take_flow(Cells& cells) {
    event::Event e;
    e.id = cells.integer();
    e.ts_ns = cells.integer();
    e.last_ns = cells.integer();
    e.op = static_cast<event::Op>(cells.byte());
    e.process = cells.id();
    e.tid = static_cast<std::int32_t>(cells.integer());
    e.object = cells.id();
    e.bytes = cells.integer();
    e.ret = cells.integer();
    e.count = static_cast<std::uint64_t>(cells.integer());
    return e;
}

}  // namespace

Column integer_column(const std::string& expression) { return {expression + "::BIGINT", DUCKDB_TYPE_BIGINT}; }

Column text_column(const std::string& expression) { return {expression + "::VARCHAR", DUCKDB_TYPE_VARCHAR}; }

std::vector<Column> flow_columns() {
    return {integer_column("id"),
            integer_column("ts_ns"),
            integer_column("last_ns"),
            // By name: another program's order of operations may be another one.
            {"TRY_CAST(op AS " + op_enum() + ")", DUCKDB_TYPE_ENUM},
            integer_column("process"),
            integer_column("tid"),
            integer_column("object"),
            integer_column("bytes"),
            integer_column("ret"),
            integer_column("count")};
}

std::vector<Column> event_columns(bool contexts) {
    std::vector<Column> columns = flow_columns();
    columns.insert(columns.end(), {text_column("syscall"),
                                   integer_column("fd"),
                                   integer_column("arg"),
                                   text_column("path"),
                                   text_column("path2"),
                                   {"(source::VARCHAR = 'user')::BIGINT", DUCKDB_TYPE_BIGINT},
                                   text_column("abi"),
                                   integer_column(contexts ? "context" : "NULL")});
    return columns;
}

event::Event to_flow(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    return take_flow(cells);
}

event::Event to_event(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::Event e = take_flow(cells);
    e.syscall = static_name(cells.text());
    e.fd = static_cast<std::int32_t>(cells.integer_or(-1));
    e.arg = cells.integer();
    e.path = cells.bytes();
    e.path2 = cells.bytes();
    e.source = cells.integer() == 1 ? event::Source::User : event::Source::Kernel;
    e.abi = sys::abi_from_string(cells.text());
    e.context = static_cast<std::uint32_t>(cells.integer_or(0));
    return e;
}

std::vector<Column> call_columns(bool contexts) {
    std::vector<Column> columns = {integer_column("id"),      integer_column("enter_ns"),
                                   integer_column("exit_ns"), integer_column("process"),
                                   integer_column("tid"),     text_column("abi"),
                                   integer_column("nr"),      integer_column("(ret IS NOT NULL)"),
                                   integer_column("ret")};
    for (const char* name : {"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"}) {
        columns.push_back(unsigned_column(name));
    }
    columns.push_back({"data::BLOB", DUCKDB_TYPE_BLOB});
    columns.push_back(integer_column(contexts ? "context" : "NULL"));
    return columns;
}

event::Call to_call(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::Call c;
    c.id = cells.integer();
    c.enter_ns = cells.integer();
    c.exit_ns = cells.integer();
    c.process = cells.id();
    c.tid = static_cast<std::int32_t>(cells.integer());
    c.abi = sys::abi_from_string(cells.text());
    c.nr = static_cast<std::uint32_t>(cells.integer());
    c.returned = cells.integer() != 0;
    c.ret = cells.integer();
    for (std::uint64_t& argument : c.args) argument = static_cast<std::uint64_t>(cells.integer());
    c.data = cells.text();
    c.context = static_cast<std::uint32_t>(cells.integer_or(0));
    return c;
}

std::vector<Column> function_path_columns() {
    return {integer_column("context"), text_column("name"), text_column("path")};
}

event::FunctionPath to_function_path(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::FunctionPath f;
    f.context = static_cast<std::uint32_t>(cells.integer());
    f.name = cells.bytes();
    f.path = cells.bytes();
    return f;
}

std::vector<Column> process_columns(const std::set<std::string>& present) {
    std::vector<Column> columns = {
        integer_column("id"),  integer_column("since_ns"), integer_column("start_ns"),
        integer_column("pid"), integer_column("parent"),   integer_column("uid"),
        integer_column("gid"), text_column("exe"),         text_column("cmdline"),
        text_column("comm"),   text_column("cgroup")};
    const auto or_null = [&](const char* name) {
        return present.contains(name) ? '"' + std::string(name) + '"' : std::string("NULL");
    };
    for (const char* name : {"euid", "login_uid", "session", "pid_ns", "mount_ns", "user_ns"})
        columns.push_back(integer_column(or_null(name)));
    for (const char* name :
         {"user", "login_user", "unit", "user_unit", "slice", "container", "runtime", "pod"}) {
        columns.push_back(text_column(or_null(name)));
    }
    return columns;
}

event::ProcessImage to_process(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::ProcessImage p;
    p.id = cells.id();
    p.since_ns = cells.integer();
    p.start_ns = cells.integer();
    p.pid = static_cast<std::int32_t>(cells.integer());
    p.parent = cells.id();
    p.uid = static_cast<std::uint32_t>(cells.integer());
    p.gid = static_cast<std::uint32_t>(cells.integer());
    p.exe = cells.bytes();
    p.cmdline = cells.bytes();
    p.comm = cells.bytes();
    p.cgroup = cells.bytes();
    p.euid = static_cast<std::uint32_t>(cells.integer_or(p.uid));
    event::Attribution a = to_attribution(cells);
    if (a != event::Attribution{}) p.attribution = std::make_shared<const event::Attribution>(std::move(a));
    return p;
}

std::vector<Column> file_columns() {
    return {integer_column("id"),     integer_column("since_ns"), text_column("path"),
            unsigned_column("inode"), integer_column("dev"),      integer_column("generation"),
            text_column("kind")};
}

event::FileName to_file(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::FileName f;
    f.id = cells.id();
    f.since_ns = cells.integer();
    f.path = cells.bytes();
    f.inode = static_cast<std::uint64_t>(cells.integer());
    f.dev = static_cast<std::uint32_t>(cells.integer());
    f.generation = static_cast<std::uint32_t>(cells.integer());
    f.kind = from_name(cells.text(), event::FileKind::Fifo);
    return f;
}

std::vector<Column> socket_columns() {
    return {integer_column("id"),  integer_column("since_ns"), text_column("protocol"), text_column("local"),
            text_column("remote"), integer_column("peer"),     unsigned_column("inode")};
}

event::Socket to_socket(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::Socket s;
    s.id = cells.id();
    s.since_ns = cells.integer();
    s.protocol = cells.bytes();
    s.local = cells.bytes();
    s.remote = cells.bytes();
    s.peer = cells.id();
    s.inode = static_cast<std::uint64_t>(cells.integer());
    return s;
}

std::vector<Column> object_columns() {
    return {integer_column("id"), text_column("type"), integer_column("since_ns"), text_column("label")};
}

event::Object to_object(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::Object o;
    o.id = cells.id();
    o.type = from_name(cells.text(), event::EntityType::User);
    o.since_ns = cells.integer();
    o.label = cells.bytes();
    return o;
}

std::vector<Column> accounting_columns() {
    return {integer_column("max(ts_ns)"),  integer_column("sum(seen)"),     integer_column("sum(stored)"),
            integer_column("sum(merged)"), integer_column("sum(filtered)"), integer_column("sum(lost)")};
}

event::Accounting to_accounting(const Chunk& chunk, std::size_t row) {
    Cells cells(chunk, row);
    event::Accounting a;
    a.ts_ns = cells.integer();
    a.seen = static_cast<std::uint64_t>(cells.integer());
    a.stored = static_cast<std::uint64_t>(cells.integer());
    a.merged = static_cast<std::uint64_t>(cells.integer());
    a.filtered = static_cast<std::uint64_t>(cells.integer());
    a.lost = static_cast<std::uint64_t>(cells.integer());
    return a;
}

}  // namespace catena::store::duckdb
