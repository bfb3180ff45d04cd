// The writer keeps one transaction open from the first append to the commit, so that a batch is there wholly
// or not at all. A commit costs a write of the new rows to the log; folding the log into the file
// (compressing it) is left to DuckDB, each time that the log has grown by kLogBytes, and to finish().
#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/escape.h"
#include "store/duckdb/database.h"
#include "store/duckdb/recording_file.h"
#include "store/duckdb/repack.h"
#include "store/duckdb/replace.h"
#include "store/duckdb/schema.h"
#include "store/duckdb/table_appender.h"
#include "store/store.h"

namespace catena::store {
namespace duckdb {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kMemory = "24MB";
constexpr const char* kLogBytes = "2MB";
constexpr const char* kGroupRows = "16384";

// DuckDB keeps 2048 values of a column in memory at once when it folds the log. With command lines of up to 2
// MB that would be 4 GB, so a long one is cut: its first piece is in its row, the others are rows of their
// own.
constexpr std::size_t kPieceBytes = std::size_t{16} << 10U;

// Takes the first piece off `text`, not amid a character.
std::string_view take_piece(std::string_view& text) {
    std::size_t length = std::min(text.size(), kPieceBytes);
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80) --length;
    const std::string_view piece = text.substr(0, length);
    text.remove_prefix(length);
    return piece;
}

Settings writer_settings(const std::string& path) {
    return {{"threads", "1"},
            {"memory_limit", kMemory},
            {"temp_directory", path + ".tmp"},  // for a transaction that is larger than that
            {"wal_autocheckpoint", kLogBytes},
            {"autoinstall_known_extensions", "false"},
            {"autoload_known_extensions", "false"}};
}

// A database of its own kind can only be attached. Whatever else would open a file is refused from there on.
std::string attach_sql(const std::string& path) {
    return "ATTACH " + sql_literal(path) + " AS recording (BLOCK_SIZE " + kBlockBytes + ", ROW_GROUP_SIZE " +
           kGroupRows + ", STORAGE_VERSION '" + kStorageVersion +
           "'); USE recording; SET enable_external_access = false";
}

TableAppender& put_id(TableAppender& to, event::EntityId id) {
    return id ? to.put(static_cast<std::int64_t>(id.value)) : to.put_null();
}

// A path or name; NULL where there is none.
TableAppender& put_path(TableAppender& to, std::string_view path) {
    return path.empty() ? to.put_null() : to.put(path);
}

TableAppender& put_number(TableAppender& to, std::uint32_t number, std::uint32_t none) {
    return number == none ? to.put_null() : to.put(number);
}

void put_attribution(TableAppender& to, const event::Attribution& a) {
    put_path(to, a.user);
    put_number(to, a.login_uid, event::kUnset);
    put_path(to, a.login_user);
    put_number(to, a.session, event::kUnset);
    for (const std::string* name : {&a.cgroup.unit, &a.cgroup.user_unit, &a.cgroup.slice, &a.cgroup.container,
                                    &a.cgroup.runtime, &a.cgroup.pod}) {
        put_path(to, *name);
    }
    for (const std::uint32_t ns : {a.pid_ns, a.mount_ns, a.user_ns}) put_number(to, ns, 0);
}

// Wraps around where it does not fit; adding it up fails then, in whoever reads.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void put_row(TableAppender& to, const event::Event& e) {
    to.put(e.id).put(e.ts_ns).put(static_cast<std::uint8_t>(e.op)).put(e.syscall);
    to.put(static_cast<std::int64_t>(e.process.value)).put(e.tid);
    put_id(to, e.object).put(e.bytes).put(static_cast<std::int64_t>(e.count));
    if (e.fd == -1) {
        to.put_null();
    } else {
        to.put(e.fd);
    }
    to.put(e.arg);
    put_path(to, e.path);
    put_path(to, e.path2);
    to.put(static_cast<std::uint8_t>(e.source));
    if (e.abi == sys::Abi::X64) {
        to.put_null();
    } else {
        to.put(sys::to_string(e.abi));
    }
    // last_ns and ret follow from these (schema.cc), which compress to next to nothing.
    to.put(difference(e.last_ns, e.ts_ns));
    if (e.ret == e.bytes) {
        to.put_null();
    } else {
        to.put(e.ret);
    }
    e.call == 0 ? to.put_null() : to.put(e.call);
    put_number(to, e.context, 0);
}

void put_row(TableAppender& to, const event::Call& c) {
    to.put(c.id);
    c.enter_ns == 0 ? to.put_null() : to.put(c.enter_ns);
    c.exit_ns == 0 ? to.put_null() : to.put(c.exit_ns);
    to.put(static_cast<std::int64_t>(c.process.value))
        .put(c.tid)
        .put(static_cast<std::uint8_t>(c.abi))
        .put(c.nr);
    c.returned ? to.put(c.ret) : to.put_null();
    for (const std::uint64_t argument : c.args) to.put(argument);
    c.data.empty() ? to.put_null() : to.put_text(c.data);
    put_number(to, c.context, 0);
}

void put_row(TableAppender& to, const event::FileName& f) {
    const std::size_t name = f.path.rfind('/') + 1;  // 0 where there is no slash
    const std::string_view path = f.path;
    to.put(static_cast<std::int64_t>(f.id.value)).put(f.since_ns).put(f.inode).put(f.dev).put(f.generation);
    to.put(event::to_string(f.kind)).put(path.substr(0, name)).put(path.substr(name));
}

void put_row(TableAppender& to, const event::Socket& s) {
    to.put(static_cast<std::int64_t>(s.id.value)).put(s.since_ns).put(s.protocol).put(s.local).put(s.remote);
    put_id(to, s.peer).put(s.inode);
}

void put_row(TableAppender& to, const event::Object& o) {
    to.put(static_cast<std::int64_t>(o.id.value)).put(event::to_string(o.type)).put(o.since_ns).put(o.label);
}

void put_row(TableAppender& to, const event::Accounting& a) {
    to.put(a.ts_ns)
        .put(a.cpu)
        .put(static_cast<std::int64_t>(a.seen))
        .put(static_cast<std::int64_t>(a.stored));
    to.put(static_cast<std::int64_t>(a.merged)).put(static_cast<std::int64_t>(a.filtered));
    to.put(static_cast<std::int64_t>(a.lost)).put(static_cast<std::int64_t>(a.lost_reserved));
    to.put(static_cast<std::int64_t>(a.lost_share));
    to.put(static_cast<std::int64_t>(a.calls)).put(static_cast<std::int64_t>(a.lost_calls));
    to.put(static_cast<std::int64_t>(a.function_calls)).put(static_cast<std::int64_t>(a.lost_function_calls));
}

void put_row(TableAppender& to, const event::Function& f) {
    to.put(f.id).put(f.binary).put(f.build_id);
    put_path(to, f.name);
    put_path(to, f.symbol);
    to.put(f.address).put(f.size_bytes).put(f.site).put(f.site_offset);
    to.put(static_cast<std::uint8_t>(f.watched)).put(static_cast<std::uint8_t>(f.ends_in_jump));
    to.put(static_cast<std::uint8_t>(f.timed));
    put_path(to, f.reason);
}

void put_row(TableAppender& to, const event::FunctionCall& c) {
    to.put(c.ts_ns).put(static_cast<std::int64_t>(c.process.value)).put(c.tid).put(c.function).put(c.stack);
    to.put(c.returned);
}

void put_row(TableAppender& to, const event::FunctionReturn& r) {
    to.put(r.ts_ns).put(static_cast<std::int64_t>(r.process.value)).put(r.tid).put(r.function).put(r.stack);
}

void put_row(TableAppender& to, const event::FunctionCount& c) {
    to.put(c.function);
    c.caller == 0 ? to.put_null() : to.put(c.caller);
    to.put(static_cast<std::int64_t>(c.count));
}

void put_row(TableAppender& to, const event::FunctionContext& c) {
    to.put(c.id);
    put_number(to, c.parent, 0);
    to.put(c.function);
}

template <class T>
Status put_rows(TableAppender& to, const std::vector<T>& rows) {
    for (const T& row : rows) {
        put_row(to, row);
        if (auto ended = to.end_row(); !ended) return ended;
    }
    return {};
}

// The tables that are appended to, in the order of Batch's members.
enum TableIndex : std::uint8_t {
    Events,
    Processes,
    Rests,
    Files,
    Sockets,
    Objects,
    Loss,
    Calls,
    Functions,
    FunctionCalls,
    FunctionCounts,
    FunctionContexts,
    FunctionReturns,
    TableCount
};
constexpr std::array<const char*, TableCount> kTableNames = {
    "events", "process_images",  "cmdline_rests", "file_names", "socket_states",   "objects",
    "loss",   "syscall_records", "functions",     "calls",      "function_counts", "function_contexts",
    "returns"};

class DuckWriter final : public Writer {
  public:
    static Result<std::unique_ptr<Writer>> create(const std::string& path);

    Status append(const Batch& batch) override {
        return unless_failed([&] { return append_all(batch); });
    }
    Status commit() override {
        return unless_failed([&] { return commit_all(); });
    }
    Status finish() override {
        return unless_failed([&] { return close(); });
    }

  private:
    DuckWriter(std::string path, Database database, Connection connection)
        : path_(std::move(path)), database_(std::move(database)), connection_(std::move(connection)) {}

    // After a failure DuckDB's own state is of no more use: every later call repeats the error.
    template <class F>
    Status unless_failed(F&& work) {
        if (failed_) return std::unexpected(*failed_);
        Status status = std::forward<F>(work)();
        if (!status) failed_ = std::move(status.error()).with_context("cannot write " + path_);
        return failed_ ? std::unexpected(*failed_) : Status();
    }

    Status open_appenders();
    Status append_all(const Batch& batch);
    Status put_processes(const std::vector<event::ProcessImage>& processes);
    Status put_meta(const std::map<std::string, std::string>& meta);
    Status run_with_text(const char* sql, std::initializer_list<std::string_view> parameters);
    Status commit_all();
    Status close();

    std::string path_;
    // Destroyed from the last to the first: what an appender still holds was not committed and is dropped.
    std::optional<Database> database_;
    std::optional<Connection> connection_;
    std::vector<TableAppender> appenders_;
    std::map<std::string, std::string> meta_;  // as written, so that what did not change is not written again
    std::int64_t events_ = 0;
    std::int64_t last_rest_ = 0;  // the number of the last command line that was cut
    bool in_transaction_ = false;
    std::optional<base::Error> failed_;
};

Result<std::unique_ptr<Writer>> DuckWriter::create(const std::string& path) {
    auto database = Database::open(":memory:", writer_settings(path));
    if (!database) return std::unexpected(std::move(database).error());
    auto connection = database->connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    std::unique_ptr<DuckWriter> self(new DuckWriter(path, *std::move(database), *std::move(connection)));
    // Closing without finish() must be quick and leave everything as a kill would: no checkpoint. The one at
    // the start makes sure that the file tells what it is even without its log.
    for (const std::string& sql : {attach_sql(path), std::string("PRAGMA disable_checkpoint_on_shutdown"),
                                   "BEGIN; " + schema_sql() + "COMMIT", std::string("CHECKPOINT")}) {
        if (auto done = self->connection_->run(sql, ErrorCode::System); !done) {
            return std::unexpected(std::move(done).error());
        }
    }
    if (auto opened = self->open_appenders(); !opened) return std::unexpected(std::move(opened).error());
    return self;
}

Status DuckWriter::open_appenders() {
    for (const char* table : kTableNames) {
        auto appender = TableAppender::create(connection_->get(), table);
        if (!appender) return std::unexpected(std::move(appender).error());
        appenders_.push_back(*std::move(appender));
    }
    return {};
}

Status DuckWriter::append_all(const Batch& batch) {
    if (!connection_) return fail(ErrorCode::System, "the recording is finished");
    if (!in_transaction_) {
        if (auto begun = connection_->run("BEGIN", ErrorCode::System); !begun) return begun;
        in_transaction_ = true;
    }
    events_ += static_cast<std::int64_t>(batch.events.size());
    Status status = put_rows(appenders_[Events], batch.events);
    if (status) status = put_rows(appenders_[Calls], batch.calls);
    if (status) status = put_processes(batch.processes);
    if (status) status = put_rows(appenders_[Files], batch.files);
    if (status) status = put_rows(appenders_[Sockets], batch.sockets);
    if (status) status = put_rows(appenders_[Objects], batch.objects);
    if (status) status = put_rows(appenders_[Loss], batch.accounting);
    if (status) status = put_rows(appenders_[Functions], batch.functions);
    if (status) status = put_rows(appenders_[FunctionCalls], batch.function_calls);
    if (status) status = put_rows(appenders_[FunctionCounts], batch.function_counts);
    if (status) status = put_rows(appenders_[FunctionContexts], batch.function_contexts);
    if (status) status = put_rows(appenders_[FunctionReturns], batch.function_returns);
    if (status) status = put_meta(batch.meta);
    return status;
}

Status DuckWriter::put_processes(const std::vector<event::ProcessImage>& processes) {
    TableAppender& to = appenders_[Processes];
    TableAppender& rests = appenders_[Rests];
    for (const event::ProcessImage& p : processes) {
        const std::string cmdline = event::escape(p.cmdline);
        std::string_view left = cmdline;
        to.put(static_cast<std::int64_t>(p.id.value)).put(p.since_ns).put(p.start_ns).put(p.pid);
        put_id(to, p.parent)
            .put(p.uid)
            .put(p.gid)
            .put(p.exe)
            .put_text(take_piece(left))
            .put(p.comm)
            .put(p.cgroup);
        if (left.empty()) {
            to.put_null();
        } else {
            to.put(++last_rest_);
        }
        to.put(p.euid);
        put_attribution(to, event::attribution_of(p));
        if (auto ended = to.end_row(); !ended) return ended;
        for (std::int32_t part = 1; !left.empty(); ++part) {
            rests.put(last_rest_).put(part).put_text(take_piece(left));
            if (auto ended = rests.end_row(); !ended) return ended;
        }
    }
    return {};
}

Status DuckWriter::run_with_text(const char* sql, std::initializer_list<std::string_view> parameters) {
    auto statement = connection_->prepare(sql, ErrorCode::System);
    if (!statement) return std::unexpected(std::move(statement).error());
    idx_t position = 0;
    for (const std::string_view bytes : parameters) {
        const std::string text = event::escape(bytes);
        duckdb_bind_varchar_length(statement->get(), ++position, text.data(), text.size());
    }
    return connection_->stream(statement->get(), [](const Chunk&) {}, ErrorCode::System);
}

Status DuckWriter::put_meta(const std::map<std::string, std::string>& meta) {
    for (const auto& [key, value] : meta) {
        const auto written = meta_.find(key);
        if (written != meta_.end() && written->second == value) continue;
        auto put = run_with_text("DELETE FROM meta WHERE key = $1", {key});
        if (put) put = run_with_text("INSERT INTO meta VALUES ($1, $2)", {key, value});
        if (!put) return put;
        meta_[key] = value;
    }
    return {};
}

Status DuckWriter::commit_all() {
    if (!in_transaction_) return {};
    for (TableAppender& appender : appenders_) {
        if (auto flushed = appender.flush(); !flushed) return flushed;
    }
    in_transaction_ = false;
    return connection_->run("COMMIT", ErrorCode::System);
}

Status DuckWriter::close() {
    if (!connection_) return {};
    if (auto committed = commit_all(); !committed) return committed;
    appenders_.clear();
    // Whoever asks a large recording would have to read all of it to know this. It is not worth failing for.
    if (events_ >= kEventsForTraits) {
        [[maybe_unused]] const Status kept = connection_->run("CREATE TABLE traits AS " + traits_sql());
    }
    auto folded = connection_->run("CHECKPOINT", ErrorCode::System);
    connection_.reset();
    database_.reset();
    if (folded) {
        repack(path_);
        return folded;
    }
    return std::unexpected(
        std::move(folded.error())
            .with_context("everything is kept, but the last part only in " + log_paths(path_).front()));
}

}  // namespace
}  // namespace duckdb

base::Result<std::unique_ptr<Writer>> create_recording(const std::string& path) {
    if (auto room = duckdb::make_room(path); !room) return std::unexpected(std::move(room).error());
    auto writer = duckdb::DuckWriter::create(path);
    if (!writer) return std::unexpected(std::move(writer.error()).with_context("cannot create " + path));
    return writer;
}

}  // namespace catena::store
