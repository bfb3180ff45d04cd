// A recording may come from anybody. DuckDB is opened so that nothing in it (its views can say anything)
// reaches other files or changes settings; every SELECT of ours casts to the types it expects and checks that
// it got them.
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/generation_map.h"
#include "event/escape.h"
#include "store/duckdb/database.h"
#include "store/duckdb/recording_file.h"
#include "store/duckdb/rows.h"
#include "store/duckdb/schema.h"
#include "store/duckdb/text_query.h"
#include "store/store.h"

namespace catena::store {
namespace duckdb {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::array<const char*, 7> kTables = {
    "events", "process_images", "cmdline_rests", "file_names", "socket_states", "objects", "loss"};

constexpr std::size_t kMaxShared = 4096;

Settings reader_settings(const std::string& memory_limit) {
    Settings settings = {{"access_mode", "READ_ONLY"},
                         {"enable_external_access", "false"},
                         {"autoinstall_known_extensions", "false"},
                         {"autoload_known_extensions", "false"},
                         {"lock_configuration", "true"}};
    if (!memory_limit.empty()) settings.emplace_back("memory_limit", memory_limit);
    return settings;
}

std::string where_clause(const std::string& where) { return where.empty() ? "" : "WHERE " + where + " "; }

class DuckReader final : public Reader {
  public:
    static Result<std::unique_ptr<Reader>> open(const std::string& path, const std::string& memory_limit);

    std::map<std::string, std::string> meta() override { return meta_; }

    Status events(const std::string& where, const std::function<void(event::Event&&)>& visit) override {
        const auto contexts = has_contexts();
        if (!contexts) return std::unexpected(contexts.error());
        return conditional("events", event_columns(*contexts), "ts_ns, id", where, to_event, visit);
    }
    Status calls(const std::string& where, const std::function<void(event::Call&&)>& visit) override {
        const auto contexts = has_contexts();
        if (!contexts) return std::unexpected(contexts.error());
        return conditional("syscalls", call_columns(*contexts), "coalesce(enter_ns, exit_ns), id", where,
                           to_call, visit);
    }
    Status function_paths(const std::function<void(event::FunctionPath&&)>& visit) override {
        const auto contexts = has_contexts();
        if (!contexts) return std::unexpected(contexts.error());
        if (!*contexts) return {};
        return rows("function_paths", function_path_columns(), "ORDER BY context", to_function_path, visit);
    }
    Status flows(const std::string& where, const std::function<void(const event::Event&)>& visit) override {
        return rows<event::Event>("events", flow_columns(), where_clause(where), to_flow,
                                  [&](event::Event&& event) { visit(event); });
    }
    Status images(const std::string& where, const std::function<void(event::ProcessImage&&)>& visit) override;
    Status names(const std::string& where, const std::function<void(event::FileName&&)>& visit) override {
        return rows("file_names", file_columns(), where_clause(where) + "ORDER BY since_ns, rowid", to_file,
                    visit);
    }
    Status last_sockets(const std::string& where,
                        const std::function<void(event::Socket&&)>& visit) override {
        return rows("sockets", socket_columns(), where_clause(where) + "ORDER BY since_ns, id", to_socket,
                    visit);
    }
    Status last_objects(const std::string& where,
                        const std::function<void(event::Object&&)>& visit) override {
        return rows("objects", object_columns(), where_clause(where) + "ORDER BY since_ns, rowid", to_object,
                    visit);
    }
    std::string traits() override;
    Result<event::Accounting> accounting() override;
    Status query(const std::string& sql, const std::function<void(const Table&)>& header,
                 const std::function<void(const Row&)>& row) override;
    Status numbers(const std::string& sql, const std::function<void(Numbers)>& row) override;

  private:
    DuckReader(std::string path, Database database)
        : path_(std::move(path)), database_(std::move(database)) {}

    // Visits the rows of one table or view. A connection of its own, so that `visit` may ask for other rows
    // meanwhile.
    template <class T>
    Status rows(const std::string& table, const std::vector<Column>& columns, const std::string& rest,
                T (*convert)(const Chunk&, std::size_t), const std::function<void(T&&)>& visit,
                ErrorCode otherwise = ErrorCode::BadInput) {
        auto connection = database_.connect();
        if (!connection) return std::unexpected(std::move(connection).error());
        auto status = connection->select(
            columns, "FROM " + table + " " + rest,
            [&](const Chunk& chunk) {
                for (std::size_t i = 0; i < chunk.size(); ++i) visit(convert(chunk, i));
            },
            otherwise);
        return status || status.error().code == ErrorCode::Usage ? status
                                                                 : damaged(std::move(status).error());
    }
    // Rows for which the user's condition holds.
    template <class T>
    Status conditional(const std::string& table, const std::vector<Column>& columns, const std::string& order,
                       const std::string& where, T (*convert)(const Chunk&, std::size_t),
                       const std::function<void(T&&)>& visit) {
        // The line break ends a comment in `where`.
        const std::string condition = where.empty() ? "" : "WHERE (" + where + "\n) ";
        auto status = rows(table, columns, condition + "ORDER BY " + order, convert, visit,
                           where.empty() ? ErrorCode::BadInput : ErrorCode::Usage);
        if (!status && !where.empty() && status.error().code == ErrorCode::Usage) {
            // The rest of DuckDB's message would show a statement that the user did not write.
            status.error().message =
                "the condition \"" + where + "\" is not possible: " + first_paragraph(status.error().message);
        }
        return status;
    }
    std::unexpected<base::Error> damaged(base::Error&& error) const {
        return std::unexpected(std::move(error).with_context("cannot read " + path_));
    }
    Result<std::set<std::string>> columns_of(const std::string& table);
    // Whether the recording can say in which functions system calls were made: an older Catena's cannot.
    Result<bool> has_contexts();
    Status load_meta();
    Status check_schema() const;
    Status check_readable();

    std::string path_;
    Database database_;
    std::map<std::string, std::string> meta_;
    std::optional<bool> contexts_;  // once it was looked up
};

Result<std::set<std::string>> DuckReader::columns_of(const std::string& table) {
    std::set<std::string> names;
    auto status = rows<std::string>(
        "(DESCRIBE " + table + ")", {text_column("column_name")}, "",
        [](const Chunk& chunk, std::size_t row) { return std::string(chunk.text(0, row)); },
        [&](std::string&& name) { names.insert(std::move(name)); });
    if (!status) return std::unexpected(std::move(status).error());
    return names;
}

Result<bool> DuckReader::has_contexts() {
    if (!contexts_) {
        const auto present = columns_of("events");
        if (!present) return std::unexpected(present.error());
        contexts_ = present->contains("context");
    }
    return *contexts_;
}

// Images that say the same of whose they are share it, since there are many images and few owners.
Status DuckReader::images(const std::string& where, const std::function<void(event::ProcessImage&&)>& visit) {
    const auto present = columns_of("images");
    if (!present) return std::unexpected(present.error());
    base::GenerationMap<event::Attribution, std::shared_ptr<const event::Attribution>> shared(kMaxShared);
    const auto share = [&](event::ProcessImage&& image) {
        if (image.attribution) {
            const auto* same = shared.find(*image.attribution);
            image.attribution =
                same != nullptr ? *same : shared.insert(*image.attribution, image.attribution);
        }
        visit(std::move(image));
    };
    return rows<event::ProcessImage>("images", process_columns(*present),
                                     where_clause(where) + "ORDER BY since_ns, image", to_process, share);
}

std::string DuckReader::traits() {
    bool kept = false;
    [[maybe_unused]] const Status asked = rows<std::string>(
        "duckdb_tables()", {text_column("table_name")}, "WHERE table_name = 'traits'",
        [](const Chunk& chunk, std::size_t row) { return std::string(chunk.text(0, row)); },
        [&](std::string&&) { kept = true; });
    return kept ? "traits" : "(" + traits_sql() + ")";
}

Result<event::Accounting> DuckReader::accounting() {
    event::Accounting sum;
    const auto keep = [&](event::Accounting&& found) { sum = found; };
    auto status = rows<event::Accounting>("loss", accounting_columns(),
                                          "WHERE rowid IN (SELECT max(rowid) FROM loss GROUP BY cpu)",
                                          to_accounting, keep);
    if (!status) return std::unexpected(std::move(status).error());
    return sum;
}

Status DuckReader::query(const std::string& sql, const std::function<void(const Table&)>& header,
                         const std::function<void(const Row&)>& row) {
    auto connection = database_.connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    return text_query(*connection, sql, header, row);
}

Status DuckReader::numbers(const std::string& sql, const std::function<void(Numbers)>& row) {
    auto connection = database_.connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    auto statement = connection->prepare(sql, ErrorCode::Usage);
    if (!statement) return std::unexpected(std::move(statement).error());
    std::vector<std::int64_t> values(duckdb_prepared_statement_column_count(statement->get()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const duckdb_type type = duckdb_prepared_statement_column_type(statement->get(), i);
        if (type != DUCKDB_TYPE_BIGINT && type != DUCKDB_TYPE_UBIGINT)
            return fail(ErrorCode::Usage, "column " + std::to_string(i + 1) + " of " + sql + " is no BIGINT");
    }
    return connection->stream(
        statement->get(),
        [&](const Chunk& chunk) {
            for (std::size_t i = 0; i < chunk.size(); ++i) {
                for (std::size_t c = 0; c < values.size(); ++c) values[c] = chunk.integer(c, i);
                row(values);
            }
        },
        ErrorCode::Usage);
}

Status DuckReader::load_meta() {
    auto connection = database_.connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    const std::array<Column, 2> columns = {text_column("key"), text_column("value")};
    return connection->select(
        columns, "FROM meta",
        [&](const Chunk& chunk) {
            for (std::size_t i = 0; i < chunk.size(); ++i) {
                meta_[event::unescape(chunk.text(0, i))] = event::unescape(chunk.text(1, i));
            }
        },
        ErrorCode::Usage);
}

Status DuckReader::check_schema() const {
    const auto found = meta_.find(kSchemaKey);
    int version = 0;
    if (found != meta_.end()) {
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), version);
    }
    if (version <= 0) {
        return fail(ErrorCode::BadInput, path_ + " is a DuckDB database, but not a recording of Catena");
    }
    if (version > kSchemaVersion) {
        return fail(ErrorCode::BadInput, path_ + " was made by a newer Catena (schema " +
                                             std::to_string(version) + ", this one reads up to " +
                                             std::to_string(kSchemaVersion) + "): upgrade Catena");
    }
    return {};
}

// Reads everything once.
Status DuckReader::check_readable() {
    auto connection = database_.connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    for (const char* table : kTables) {
        const std::array<Column, 1> columns = {integer_column(std::string("count(hash(") + table + "))")};
        auto read = connection->select(columns, std::string("FROM ") + table, [](const Chunk&) {});
        if (!read) return read;
    }
    return {};
}

base::Error open_error(const std::string& path, FileContent content, base::Error&& error) {
    if (error.code == ErrorCode::NotSupported) return std::move(error);  // there is no DuckDB to open it
    if (error.message.find("Could not set lock on file") != std::string::npos) {
        return held_error(path, "DuckDB: " + first_paragraph(error.message), Access::Write);
    }
    if (content == FileContent::Cut) {
        return {ErrorCode::BadInput, 0,
                path + " is truncated: it ends before its own headers say. Copy it again, whole"};
    }
    return {ErrorCode::BadInput, 0,
            path + " is damaged, or not a recording: " + first_paragraph(error.message)};
}

// What can be said of the file before DuckDB opens it: Database or Cut, or the error.
Result<FileContent> inspect_recording(const std::string& path) {
    const auto fd = open_regular(path, Access::Read);
    if (!fd) return std::unexpected(fd.error());
    if (auto free = check_unlocked(fd->get(), path, Access::Read); !free)
        return std::unexpected(free.error());
    const auto content = inspect(fd->get(), path);
    if (!content) return content;
    switch (*content) {
        case FileContent::Empty:
            return fail(ErrorCode::BadInput, path + " is empty, so not a recording");
        case FileContent::Other:
            return fail(ErrorCode::BadInput, path + " is not a recording");
        case FileContent::Short:
            return fail(ErrorCode::BadInput,
                        path + " is truncated: it ends within its headers. Copy it again, whole");
        case FileContent::Database:
        case FileContent::Cut:
            break;
    }
    return content;
}

Result<std::unique_ptr<Reader>> DuckReader::open(const std::string& path, const std::string& memory_limit) {
    const auto content = inspect_recording(path);
    if (!content) return std::unexpected(content.error());
    auto database = Database::open(path, reader_settings(memory_limit));
    if (!database) return std::unexpected(open_error(path, *content, std::move(database).error()));
    std::unique_ptr<DuckReader> self(new DuckReader(path, *std::move(database)));
    auto readable = self->load_meta();
    // Usage: there is no such table, or not with these columns. check_schema has the sentence for that.
    if (readable || readable.error().code == ErrorCode::Usage) {
        if (auto schema = self->check_schema(); !schema) return std::unexpected(std::move(schema).error());
        if (*content == FileContent::Cut) readable = self->check_readable();
    }
    if (!readable) return std::unexpected(open_error(path, *content, std::move(readable).error()));
    return self;
}

}  // namespace
}  // namespace duckdb

std::string stored_literal(std::string_view bytes) { return duckdb::sql_literal(event::escape(bytes)); }

base::Result<std::unique_ptr<Reader>> open_recording(const std::string& path,
                                                     const std::string& memory_limit) {
    return duckdb::DuckReader::open(path, memory_limit);
}

}  // namespace catena::store
