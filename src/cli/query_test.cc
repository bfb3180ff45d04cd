#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/program_fixture.h"
#include "store/store.h"

namespace catena::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Query : public ProgramTest {
  protected:
    Query() {
        auto writer = store::create_recording(trace_);
        store::Batch batch;
        for (std::int64_t id = 1; id <= 3; ++id) {
            event::Event e;
            e.id = id;
            e.op = id == 3 ? event::Op::Write : event::Op::Read;
            e.bytes = id * 1000;
            batch.events.push_back(e);
        }
        batch.events[0].path = "/tmp/\x1b[31mred\nline\xff";
        batch.events[1].path = "/tmp/a,\"b\"";
        EXPECT_TRUE(writer && (*writer)->append(batch) && (*writer)->finish());
    }

    Outcome query(const std::string& sql, const std::string& format = "text") {
        return catena({"query", trace_, sql, "--format", format});
    }

    const std::string trace_ = path("t.catena");
};

TEST_F(Query, AloneNeedsDuckdb) {
    ASSERT_TRUE(std::filesystem::create_directory(path("broken")));
    std::ofstream(path("broken/libduckdb.so")) << "no library";
    ::setenv("LD_LIBRARY_PATH", path("broken").c_str(), 1);
    const Outcome refused = query("select 1");
    const Outcome version = catena({"--version"});
    ::unsetenv("LD_LIBRARY_PATH");
    EXPECT_EQ(refused.exit_code, kNotPossible) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("libduckdb.so"), HasSubstr("beside catena")));
    EXPECT_EQ(version.exit_code, kDone) << version.err;
}

TEST_F(Query, TextIsAlignedWithNumbersToTheRight) {
    const Outcome found = query(
        "SELECT op, sum(bytes)::BIGINT AS bytes, NULL::VARCHAR AS nil FROM events GROUP BY op ORDER BY op");
    EXPECT_EQ(found.exit_code, kDone);
    EXPECT_EQ(found.out,
              "op     bytes  nil\n"
              "-----  -----  ----\n"
              "read    3000  NULL\n"
              "write   3000  NULL\n");
    EXPECT_EQ(found.err, "");  // the count of rows is for terminals
}

TEST_F(Query, TextShowsControlCharactersAsEscapes) {
    EXPECT_EQ(query("SELECT path FROM events WHERE id = 1").out,
              "path\n--------------------------\n/tmp/\\x1b[31mred\\nline\\xff\n");
}

TEST_F(Query, TextOfManyRowsStaysAligned) {
    const Outcome many = query("SELECT range AS n, 'x' AS x FROM range(2000)");
    EXPECT_THAT(many.out, AllOf(HasSubstr("\n499  x\n"), HasSubstr("\n  7  x\n"), HasSubstr("\n1999  x\n")));
}

TEST_F(Query, NoRowsStillHaveTheirColumns) {
    EXPECT_EQ(query("SELECT id FROM events WHERE false").out, "id\n--\n");
    EXPECT_EQ(query("SELECT id FROM events WHERE false", "json").out, "[]\n");
    EXPECT_EQ(query("SELECT id FROM events WHERE false", "csv").out, "id\n");
}

TEST_F(Query, JsonIsAnArrayOfTypedObjects) {
    const Outcome found = query(
        "SELECT id, path, bytes > 1500 AS big, 'inf'::DOUBLE AS inf, 1.5 AS d, [1] AS l, id AS id FROM "
        "events ORDER BY 1",
        "json");
    EXPECT_EQ(found.exit_code, kDone);
    const auto rows = nlohmann::json::parse(found.out);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0],
              nlohmann::json::parse(R"({"id":1,"path":"/tmp/\u001b[31mred\nline\\xff","big":false,"inf":null,
                                                 "d":1.5,"l":"[1]","id_2":1})"));
    EXPECT_EQ(rows[2]["path"], nullptr);
    EXPECT_EQ(std::ranges::count(found.out, '\n'), 5);
}

TEST_F(Query, CsvIsQuotedWhereItMustBe) {
    EXPECT_EQ(query("SELECT id, path, '' AS e FROM events ORDER BY id OFFSET 1", "csv").out,
              "id,path,e\n2,\"/tmp/a,\"\"b\"\"\",\"\"\n3,,\"\"\n");
}

TEST_F(Query, WrongSqlIsWrongUsageAndNamesTheTables) {
    const Outcome wrong = query("SELECT * FROM evnts");
    EXPECT_EQ(wrong.exit_code, kUsage);
    EXPECT_EQ(wrong.out, "");
    EXPECT_THAT(wrong.err, AllOf(StartsWith("catena: the SQL is not possible: "), HasSubstr("evnts"),
                                 HasSubstr("\nTables: "), HasSubstr("events, ")));
    EXPECT_EQ(query("DELETE FROM events").exit_code, kUsage);
}

TEST_F(Query, WhatIsNoRecordingIsBadInput) {
    EXPECT_EQ(catena({"query", path("missing"), "SELECT 1"}).exit_code, kBadInput);
    EXPECT_THAT(catena({"query", path("missing"), "SELECT 1"}).err, HasSubstr("there is no such recording"));
}

TEST_F(Query, OutputThatCannotBeWrittenIsTold) {
    const Outcome full =
        run({"/bin/sh", "-c",
             std::string(CATENA_PROGRAM) + " query " + trace_ + " 'FROM range(100000)' > /dev/full"});
    EXPECT_EQ(full.exit_code, kBadInput);
    EXPECT_THAT(full.err, HasSubstr("standard output cannot be written"));
}

TEST_F(Query, AReaderThatHasSeenEnoughEndsItQuietly) {
    const Outcome head =
        run({"/bin/sh", "-c",
             std::string(CATENA_PROGRAM) + " query " + trace_ + " 'FROM range(10000000)' | head -n 3"});
    EXPECT_EQ(head.exit_code, 0);
    EXPECT_EQ(head.err, "");
}

TEST_F(Query, EventsSaysWhereThereAreNoSystemCalls) {
    const Outcome calls = catena({"events", trace_, "--calls"});
    EXPECT_EQ(calls.exit_code, kBadInput);
    EXPECT_THAT(calls.err, HasSubstr("holds no system calls, only what flowed"));
}

}  // namespace
}  // namespace catena::cli
