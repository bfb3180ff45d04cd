// What is written is read back the same, through the typed methods and through SQL.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>

#include "event/escape.h"
#include "store/duckdb/database.h"
#include "store/duckdb/recording_fixture.h"
#include "store/duckdb/schema.h"

namespace catena::store {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

template <class T, class Method>
std::vector<T> collect(Reader& reader, Method method) {
    std::vector<T> found;
    const auto status = (reader.*method)([&](T&& row) { found.push_back(std::move(row)); });
    EXPECT_TRUE(status) << status.error().message;
    return found;
}

TEST_F(RecordingTest, KeepsEveryFieldOfAnEvent) {
    Batch batch = make_batch(1, 1);
    event::Event bare;
    bare.id = 2;
    bare.ts_ns = bare.last_ns = batch.events[0].ts_ns + 1;
    batch.events.push_back(bare);
    write_recording(path(), batch);
    const auto reader = must_open(path());
    const auto found = read_events(*reader);
    ASSERT_EQ(found.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const event::Event& want = batch.events[i];
        const event::Event& have = found[i];
        EXPECT_EQ(std::tie(have.id, have.ts_ns, have.last_ns, have.op, have.syscall, have.process, have.tid),
                  std::tie(want.id, want.ts_ns, want.last_ns, want.op, want.syscall, want.process, want.tid));
        EXPECT_EQ(std::tie(have.object, have.bytes, have.ret, have.count, have.fd, have.arg, have.path),
                  std::tie(want.object, want.bytes, want.ret, want.count, want.fd, want.arg, want.path));
        EXPECT_EQ(std::tie(have.path2, have.source), std::tie(want.path2, want.source));
    }
    const auto nulls = read_query(*reader, "SELECT object, fd, path, path2 FROM events WHERE id = 2");
    EXPECT_EQ(nulls, (std::vector<Row>{Row(4)}));
}

TEST_F(RecordingTest, KeepsEveryOperationByName) {
    Batch batch = make_batch(1, event::kOpCount);
    for (std::size_t i = 0; i < event::kOpCount; ++i) batch.events[i].op = static_cast<event::Op>(i);
    write_recording(path(), batch);
    const auto reader = must_open(path());
    const auto found = read_events(*reader);
    const auto names = read_query(*reader, "SELECT op FROM events ORDER BY id");
    ASSERT_EQ(found.size(), event::kOpCount);
    for (std::size_t i = 0; i < event::kOpCount; ++i) {
        EXPECT_EQ(found[i].op, static_cast<event::Op>(i));
        EXPECT_EQ(names[i][0], event::to_string(static_cast<event::Op>(i)));
    }
}

TEST_F(RecordingTest, ReadsOperationsByNameWhateverTheirOrderInTheFile) {
    write_recording(path(), make_batch(1, 1));
    {
        auto database = duckdb::Database::open(path(), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection);
        const auto changed = connection->run(
            "ALTER TABLE events ALTER op TYPE ENUM ('later', 'write', 'none') USING 'write'; INSERT INTO "
            "events BY NAME SELECT * EXCLUDE (last_ns, ret) REPLACE ('later' AS op, 2 AS id, ts_ns + 1 AS "
            "ts_ns) "
            "FROM events");
        ASSERT_TRUE(changed) << changed.error().message;
    }
    const auto found = read_events(*must_open(path()));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].op, event::Op::Write);
    EXPECT_EQ(found[1].op, event::Op::None);  // an operation that this program does not know
}

TEST_F(RecordingTest, KeepsEveryFieldOfEntities) {
    Batch batch;
    batch.processes = {{{~0ULL >> 1U}, 10, 5, 77, {3}, ~0U, 1, "/bin/sh", "sh -c x", "sh", "/a.slice"}};
    batch.files = {{{4}, 11, "/etc/passwd", ~0ULL, ~0U, 9, event::FileKind::Fifo}};
    batch.sockets = {{{5}, 12, "tcp", "127.0.0.1:80", "[::1]:81", {}, 6}};
    batch.objects = {{{7}, event::EntityType::Memory, 13, "memfd:x"}};
    write_recording(path(), batch);
    const auto reader = must_open(path());
    const auto p = collect<event::ProcessImage>(*reader, &Reader::processes);
    const auto f = collect<event::FileName>(*reader, &Reader::files);
    const auto s = collect<event::Socket>(*reader, &Reader::sockets);
    const auto o = collect<event::Object>(*reader, &Reader::objects);
    ASSERT_TRUE(p.size() == 1 && f.size() == 1 && s.size() == 1 && o.size() == 1);
    EXPECT_EQ(std::tie(p[0].id, p[0].since_ns, p[0].start_ns, p[0].pid, p[0].parent, p[0].uid, p[0].gid),
              std::make_tuple(event::EntityId{~0ULL >> 1U}, 10, 5, 77, event::EntityId{3}, ~0U, 1U));
    EXPECT_EQ(std::tie(p[0].exe, p[0].cmdline, p[0].comm, p[0].cgroup),
              std::make_tuple("/bin/sh", "sh -c x", "sh", "/a.slice"));
    EXPECT_EQ(std::tie(f[0].id, f[0].since_ns, f[0].path, f[0].inode, f[0].dev, f[0].generation, f[0].kind),
              std::make_tuple(event::EntityId{4}, 11, "/etc/passwd", ~0ULL, ~0U, 9U, event::FileKind::Fifo));
    EXPECT_EQ(
        std::tie(s[0].id, s[0].since_ns, s[0].protocol, s[0].local, s[0].remote, s[0].peer, s[0].inode),
        std::make_tuple(event::EntityId{5}, 12, "tcp", "127.0.0.1:80", "[::1]:81", event::EntityId{}, 6U));
    EXPECT_EQ(std::tie(o[0].id, o[0].type, o[0].since_ns, o[0].label),
              std::make_tuple(event::EntityId{7}, event::EntityType::Memory, 13, "memfd:x"));
}

TEST_F(RecordingTest, KeepsOnWhoseBehalfAProcessRan) {
    const event::Attribution all{.user = "www\xff",
                                 .login_uid = 1000,
                                 .login_user = "alice",
                                 .session = 3,
                                 .cgroup = {.runtime = "podman",
                                            .container = "c0ffee",
                                            .pod = "beef",
                                            .unit = "user@1000.service",
                                            .user_unit = "libpod-c0ffee.scope",
                                            .slice = "user-1000.slice"},
                                 .pid_ns = ~0U,
                                 .mount_ns = 4,
                                 .user_ns = 5};
    Batch batch;
    for (std::uint64_t i = 1; i <= 4; ++i) {
        batch.processes.push_back(
            {.id = {i}, .since_ns = static_cast<std::int64_t>(i), .uid = 33, .euid = 7});
        if (i < 4) batch.processes.back().attribution = std::make_shared<const event::Attribution>(all);
    }
    event::Attribution other = all;
    other.cgroup.unit = "nginx.service";
    other.login_uid = 0;
    batch.processes[1].attribution = std::make_shared<const event::Attribution>(other);
    write_recording(path(), batch);
    const auto reader = must_open(path());
    const auto found = collect<event::ProcessImage>(*reader, &Reader::processes);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(event::attribution_of(found[0]), all);
    EXPECT_EQ(event::attribution_of(found[1]), other);
    EXPECT_EQ(found[0].attribution, found[2].attribution) << "the same is there once";
    EXPECT_EQ(found[3].attribution, nullptr);
    EXPECT_EQ(found[0].euid, 7U);
    const std::string columns =
        "user, login_uid, login_user, session, unit, user_unit, slice, container, runtime, "
        "pod, pid_ns, mount_ns, user_ns, euid";
    const Row want = {"www\\xff",
                      "1000",
                      "alice",
                      "3",
                      "user@1000.service",
                      "libpod-c0ffee.scope",
                      "user-1000.slice",
                      "c0ffee",
                      "podman",
                      "beef",
                      "4294967295",
                      "4",
                      "5",
                      "7"};
    Row none(14);
    none[13] = "7";
    for (const std::string view : {"processes", "images", "process_images"}) {
        EXPECT_EQ(
            read_query(*reader, "SELECT " + columns + " FROM " + view + " WHERE id IN (1, 4) ORDER BY id"),
            (std::vector<Row>{want, none}))
            << view;
    }
}

TEST_F(RecordingTest, ReadsRecordingsFromBeforeAttribution) {
    Batch batch;
    batch.processes = {
        {.id = {1}, .since_ns = 1, .pid = 77, .uid = 33, .exe = "/bin/x", .cgroup = "/a.slice"}};
    write_recording(path(), batch);
    {
        // As schema version 1 was first written.
        auto database = duckdb::Database::open(path(), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection);
        std::string sql = "DROP VIEW entities; DROP VIEW processes;";
        for (const char* column : {"euid", "user", "login_uid", "login_user", "session", "unit", "user_unit",
                                   "slice", "container", "runtime", "pod", "pid_ns", "mount_ns", "user_ns"}) {
            sql += std::string("ALTER TABLE process_images DROP COLUMN \"") + column + "\";";
        }
        sql +=
            "DROP VIEW images; CREATE VIEW images AS SELECT i.* EXCLUDE (rest), i.rowid AS image "
            "FROM process_images i;";
        const auto done = connection->run(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    const auto reader = must_open(path());
    const auto found = collect<event::ProcessImage>(*reader, &Reader::processes);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(std::tie(found[0].exe, found[0].cgroup, found[0].uid, found[0].euid),
              std::make_tuple("/bin/x", "/a.slice", 33U, 33U));
    EXPECT_EQ(found[0].attribution, nullptr);
}

TEST_F(RecordingTest, KeepsAllBytesOfTextAndShowsItToSqlAsUtf8) {
    std::vector<std::string> texts;
    for (int a = 0; a < 256; ++a) texts.push_back(std::string(1, static_cast<char>(a)));
    for (int a = 0; a < 65536; ++a) {
        texts.push_back({static_cast<char>(a >> 8), static_cast<char>(a & 255)});
    }
    // Random strings of bytes that mean something to UTF-8 or to the escaping, so that near misses are
    // frequent.
    constexpr std::string_view kBytes =
        "\\\\xx09af\n\x80\x8f\x90\x9f\xa0\xbf\xc2\xdf\xe0\xed\xef\xf0\xf4\xf5\xff";
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; ++i) {
        std::string& text = texts.emplace_back(1 + random() % 12, '\0');
        std::ranges::generate(text, [&] { return kBytes[random() % kBytes.size()]; });
    }
    texts.push_back(std::string(2'000'000, '\xff'));
    Batch batch;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        batch.files.push_back(
            {{i + 1}, static_cast<std::int64_t>(i), texts[i], 0, 0, 0, event::FileKind::Regular});
    }
    write_recording(path(), batch);
    const auto reader = must_open(path());
    std::size_t i = 0;
    const auto status = reader->files([&](event::FileName&& file) { ASSERT_EQ(file.path, texts[i++]); });
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(i, texts.size());
    // DuckDB's JSON refuses what is not UTF-8, so this compares its notion of UTF-8 with ours.
    EXPECT_EQ(read_value(*reader, "SELECT count(*) FROM file_names WHERE json_valid(to_json(path)::VARCHAR)"),
              std::to_string(texts.size()));
    EXPECT_EQ(read_value(*reader, "SELECT path FROM files WHERE id = 256"), "\\xff");
    EXPECT_EQ(read_value(*reader, "SELECT count(*) FROM (SELECT DISTINCT path FROM files)"),
              std::to_string(std::set<std::string>(texts.begin(), texts.end()).size()));
}

TEST_F(RecordingTest, KeepsCommandLinesOfTwoMegabytes) {
    Batch batch;
    std::mt19937 random(4);
    for (std::uint64_t i = 1; i <= 4; ++i) {
        std::string cmdline(2'000'000 + i, '\0');
        std::ranges::generate(cmdline,
                              [&] { return static_cast<char>(random() | (i % 2 == 0 ? 0x80U : 0U)); });
        batch.processes.push_back(
            {{i}, static_cast<std::int64_t>(i), 1, 7, {}, 0, 0, "/bin/x", cmdline, "x", ""});
    }
    batch.processes.push_back(
        {{30}, 30, 1, 7, {}, 0, 0, "/bin/x", std::string(40'000, 'a') + "\\" + "é", "x", ""});
    // A character, and an escape, across the end of the first piece.
    batch.processes.push_back({{31}, 31, 1, 7, {}, 0, 0, "/bin/x", std::string(16'383, 'a') + "éé", "x", ""});
    batch.processes.push_back(
        {{32}, 32, 1, 7, {}, 0, 0, "/bin/x", std::string(16'383, 'a') + "\\x41", "x", ""});
    write_recording(path(), batch);
    const auto reader = must_open(path());
    const auto found = collect<event::ProcessImage>(*reader, &Reader::processes);
    ASSERT_EQ(found.size(), batch.processes.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(found[i].cmdline == batch.processes[i].cmdline) << "process " << found[i].id.value;
    }
    EXPECT_EQ(read_value(*reader, "SELECT cmdline FROM processes WHERE id = 30"), batch.processes[4].cmdline);
}

TEST_F(RecordingTest, ViewsShowTheLatestOfEachEntity) {
    Batch batch;
    batch.processes = {{{1}, 20, 5, 77, {}, 0, 0, "/bin/new", "new", "new", ""},
                       {{1}, 10, 5, 77, {}, 0, 0, "/bin/old", "old", "old", ""},
                       {{2}, 10, 5, 78, {1}, 0, 0, "", "", "kthread", ""}};
    batch.files = {{{3}, 10, "/old", 1, 1, 0, event::FileKind::Regular},
                   {{3}, 10, "/new", 1, 1, 0, event::FileKind::Regular}};
    batch.sockets = {{{4}, 10, "tcp", "a:1", "b:2", {}, 0}, {{4}, 10, "tcp", "a:1", "b:2", {5}, 0}};
    batch.objects = {{{6}, event::EntityType::Pipe, 1, "pipe:[6]"},
                     {{6}, event::EntityType::Pipe, 1, "pipe:[6]"}};
    event::Event exited = make_event(1);
    exited.op = event::Op::Exit;
    exited.process = {1};
    exited.ret = 256;
    batch.events = {exited};
    write_recording(path(), batch);
    const auto reader = must_open(path());
    EXPECT_EQ(read_query(*reader, "SELECT exe, parent, exit_ns, exit_status FROM processes ORDER BY id"),
              (std::vector<Row>{{"/bin/new", std::nullopt, std::to_string(exited.ts_ns), "256"},
                                {"", "1", std::nullopt, std::nullopt}}));
    EXPECT_EQ(read_query(*reader, "SELECT path FROM files"), (std::vector<Row>{{"/new"}}));
    EXPECT_EQ(read_query(*reader, "SELECT peer FROM sockets"), (std::vector<Row>{{"5"}}));
    EXPECT_EQ(read_query(*reader, "SELECT id, type, label FROM entities ORDER BY id"),
              (std::vector<Row>{{"1", "process", "/bin/new (77)"},
                                {"2", "process", "kthread (78)"},
                                {"3", "file", "/new"},
                                {"4", "socket", "tcp a:1 -> b:2"},
                                {"6", "pipe", "pipe:[6]"}}));
    EXPECT_EQ(collect<event::Socket>(*reader, &Reader::sockets).size(), 1U);
}

TEST_F(RecordingTest, LaterMetaReplacesEarlier) {
    auto writer = create_recording(path());
    ASSERT_TRUE(writer);
    for (const char* value : {"1", "2", "2", "3"}) {
        Batch batch;
        batch.meta = {{"host", "a\xff"}, {"n", value}};
        ASSERT_TRUE((*writer)->append(batch));
        ASSERT_TRUE((*writer)->commit());
    }
    ASSERT_TRUE((*writer)->finish());
    EXPECT_EQ(must_open(path())->meta(),
              (std::map<std::string, std::string>{{"host", "a\xff"}, {"n", "3"}, {"schema_version", "1"}}));
}

TEST_F(RecordingTest, AccountingSumsTheLastRowOfEachCpu) {
    write_recording(path("none"), {});
    EXPECT_EQ(must_open(path("none"))->accounting()->seen, 0U);
    Batch batch;
    batch.accounting = {{5, 0, 10, 4, 3, 2, 1}, {5, 1, 100, 40, 30, 20, 10}, {6, 0, 20, 8, 6, 4, 2}};
    write_recording(path(), batch);
    const auto sum = must_open(path())->accounting();
    ASSERT_TRUE(sum);
    EXPECT_EQ(std::tie(sum->ts_ns, sum->seen, sum->stored, sum->merged, sum->filtered, sum->lost),
              std::make_tuple(6, 120U, 48U, 36U, 24U, 12U));
}

TEST_F(RecordingTest, EventsComeInTheOrderOfTimeAcrossManyChunks) {
    Batch batch = make_batch(1, 10'000);
    std::ranges::reverse(batch.events);
    write_recording(path(), batch);
    const auto found = read_events(*must_open(path()));
    ASSERT_EQ(found.size(), 10'000U);
    EXPECT_TRUE(std::ranges::is_sorted(found, {}, &event::Event::ts_ns));
}

TEST_F(RecordingTest, ConditionSelectsEvents) {
    write_recording(path(), make_batch(1, 100));
    const auto reader = must_open(path());
    EXPECT_EQ(read_events(*reader, "id > 90 -- the last ones").size(), 10U);
    EXPECT_EQ(read_events(*reader, "op = 'write' AND path LIKE '%file7'").size(), 1U);
    for (const char* bad : {"no_such_column = 1", "id >", "1 = 1); DROP TABLE events; --",
                            "true) UNION ALL SELECT * REPLACE (path AS id) FROM events WHERE (true"}) {
        const auto status = reader->events(bad, [](event::Event&&) {});
        ASSERT_FALSE(status) << bad;
        EXPECT_EQ(status.error().code, ErrorCode::Usage) << bad;
        EXPECT_THAT(status.error().message, HasSubstr(bad));
    }
    EXPECT_EQ(read_events(*reader).size(), 100U);
}

TEST_F(RecordingTest, VisitorsMayAskForMore) {
    write_recording(path(), make_batch(1, 5'000));
    const auto reader = must_open(path());
    std::size_t inner = 0;
    const auto status = reader->events("", [&](event::Event&& e) {
        if (e.id % 1000 == 0) inner += read_events(*reader).size();
    });
    ASSERT_TRUE(status);
    EXPECT_EQ(inner, 25'000U);
}

TEST_F(RecordingTest, QueryGivesEveryTypeAsText) {
    write_recording(path(), make_batch(1, 3));
    const auto reader = must_open(path());
    Table table;
    std::vector<Row> rows;
    const auto status = reader->query(
        "SELECT 1 AS a, 'x' AS a, NULL AS n, true AS b, 1.50::DECIMAL(4,2) AS d, [1, 2] AS l, {'k': 1} AS s, "
        "TIMESTAMP '2026-01-02 03:04:05' AS t, op FROM events LIMIT 1 -- done",
        [&](const Table& header) { table = header; }, [&](const Row& row) { rows.push_back(row); });
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(table.columns, (std::vector<std::string>{"a", "a", "n", "b", "d", "l", "s", "t", "op"}));
    EXPECT_EQ(table.types[0], "INTEGER");
    EXPECT_EQ(table.types[4], "DECIMAL(4,2)");
    EXPECT_EQ(rows, (std::vector<Row>{{"1", "x", std::nullopt, "true", "1.50", "[1, 2]", "{'k': 1}",
                                       "2026-01-02 03:04:05", "write"}}));
    EXPECT_EQ(read_query(*reader, "DESCRIBE events;").size(), 21U);
    EXPECT_EQ(read_value(*reader, "WITH e AS (FROM events) SELECT id FROM e ORDER BY id DESC LIMIT 1"), "3");
    EXPECT_EQ(read_query(*reader, "SHOW TABLES").size(), 23U);
    EXPECT_EQ(read_query(*reader, "SUMMARIZE events").size(), 21U);
}

TEST_F(RecordingTest, NumbersAreThoseOfTheColumnsAndNothingElse) {
    write_recording(path(), make_batch(1, 3000));
    const auto reader = must_open(path());
    std::vector<std::vector<std::int64_t>> rows;
    const auto keep = [&](Numbers row) { rows.emplace_back(row.begin(), row.end()); };
    ASSERT_TRUE(reader->numbers("SELECT -7::BIGINT, NULL::BIGINT, 18446744073709551615::UBIGINT", keep));
    EXPECT_EQ(rows, (std::vector<std::vector<std::int64_t>>{{-7, 0, -1}}));
    rows.clear();
    ASSERT_TRUE(reader->numbers("SELECT id FROM events ORDER BY id", keep));
    ASSERT_EQ(rows.size(), 3000U);  // in more than one chunk
    for (std::int64_t i = 0; i < 3000; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)].at(0), i + 1);
    for (const char* sql :
         {"SELECT 1.5", "SELECT 1::INTEGER", "SELECT op FROM events", "SELECT", "DROP TABLE events"}) {
        const auto status = reader->numbers(sql, keep);
        ASSERT_FALSE(status) << sql;
        EXPECT_EQ(status.error().code, ErrorCode::Usage) << sql << ": " << status.error().message;
    }
}

TEST_F(RecordingTest, QueryOnlyReads) {
    write_recording(path(), make_batch(1, 3));
    const auto reader = must_open(path());
    for (const char* sql :
         {"", ";", "nonsense", "SELECT no FROM events", "DELETE FROM events", "DROP VIEW files",
          "SELECT 1; SELECT 2", "CREATE TABLE x (a INT)", "SET threads = 1", "ATTACH '/tmp/x.db'", "SELECT ?",
          "SELECT 'x'::INTEGER", "SELECT 1; -- one"}) {
        const auto status = reader->query(sql, [](const Table&) {}, [](const Row&) {});
        ASSERT_FALSE(status) << sql;
        EXPECT_EQ(status.error().code, ErrorCode::Usage) << sql << ": " << status.error().message;
    }
    EXPECT_EQ(read_events(*reader).size(), 3U);
}

TEST_F(RecordingTest, NothingInARecordingReachesOtherFiles) {
    write_recording(path(), make_batch(1, 3));
    write_bytes(path("secret"), "the secret");
    {
        auto database = duckdb::Database::open(path(), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection);
        ASSERT_TRUE(connection->run("CREATE VIEW evil AS SELECT * FROM read_text('" + path("secret") + "')"));
        EXPECT_TRUE(connection->run("FROM evil"));
    }
    const auto reader = must_open(path());
    for (const std::string& sql : {std::string("FROM evil"), "FROM read_blob('" + path("secret") + "')",
                                   "FROM '" + path("secret") + "'", "FROM glob('" + path("*") + "')",
                                   "SELECT * FROM (COPY events TO '" + path("out") + "')"}) {
        EXPECT_FALSE(reader->query(sql, [](const Table&) {}, [](const Row&) {})) << sql;
    }
    EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(RecordingTest, ReplacesARecordingAndItsLog) {
    {
        auto left_behind = create_recording(path());
        ASSERT_TRUE(left_behind);
        ASSERT_TRUE((*left_behind)->append(make_batch(1, 10)));
        ASSERT_TRUE((*left_behind)->commit());
    }
    ASSERT_TRUE(std::filesystem::exists(path("t.catena.wal")));
    write_recording(path(), make_batch(1, 1));
    EXPECT_EQ(read_events(*must_open(path())).size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(path("t.catena.wal")));
    write_bytes(path("empty"), "");
    write_recording(path("empty"), make_batch(1, 2));
    EXPECT_EQ(read_events(*must_open(path("empty"))).size(), 2U);
}

TEST_F(RecordingTest, ALogWithoutItsRecordingIsNotTakenOver) {
    {
        auto left_behind = create_recording(path());
        ASSERT_TRUE(left_behind);
        ASSERT_TRUE((*left_behind)->append(make_batch(1, 10)));
        ASSERT_TRUE((*left_behind)->commit());
    }
    std::filesystem::remove(path());
    write_recording(path(), make_batch(1, 1));
    EXPECT_EQ(read_events(*must_open(path())).size(), 1U);
}

TEST_F(RecordingTest, RefusesToReplaceAnythingElse) {
    write_bytes(path("text"), "precious");
    write_bytes(path("short"), std::string(8, '\0') + "DUCK");
    {
        auto database = duckdb::Database::open(path("other.db"), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection && connection->run("CREATE TABLE meta (key VARCHAR, value VARCHAR)"));
    }
    std::filesystem::create_directory(path("directory"));
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    for (const char* name : {"text", "short", "other.db"}) {
        const std::string before = read_bytes(path(name));
        const auto writer = create_recording(path(name));
        ASSERT_FALSE(writer) << name;
        EXPECT_EQ(writer.error().code, ErrorCode::BadInput);
        EXPECT_THAT(writer.error().message, HasSubstr("is there already and"));
        EXPECT_EQ(read_bytes(path(name)), before);
    }
    for (const char* name : {"directory", "fifo"}) EXPECT_FALSE(create_recording(path(name))) << name;
    EXPECT_FALSE(create_recording(path("no/such/directory")));
    EXPECT_FALSE(create_recording("/proc/catena"));
}

TEST_F(RecordingTest, TellsOfANewerSchema) {
    write_recording(path(), make_batch(1, 1));
    {
        auto database = duckdb::Database::open(path(), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection &&
                    connection->run("UPDATE meta SET value = '2' WHERE key = 'schema_version'"));
    }
    const auto reader = open_recording(path());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::BadInput);
    EXPECT_EQ(reader.error().message,
              path() + " was made by a newer Catena (schema 2, this one reads up to 1): upgrade Catena");
}

}  // namespace
}  // namespace catena::store
