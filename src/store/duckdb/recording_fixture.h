// What the tests of recordings share: a directory that goes away, rows with every field set, and reading
// everything back.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace catena::store {

class RecordingTest : public testing::Test {
  protected:
    RecordingTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "catena-store-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    ~RecordingTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    [[nodiscard]] std::string path(std::string_view name = "t.catena") const {
        return (directory_ / name).string();
    }

    static event::Event make_event(std::int64_t id) {
        event::Event e;
        e.id = id;
        e.ts_ns = 1'700'000'000'000'000'000 + id * 1000;
        e.last_ns = e.ts_ns + 7;
        e.op = event::Op::Write;
        e.syscall = "write";
        e.process = {42};
        e.tid = 43;
        e.object = {static_cast<std::uint64_t>(1000 + id)};
        e.bytes = id * 3;
        e.ret = -id;
        e.count = 5;
        e.fd = 6;
        e.arg = -7;
        e.path = "/tmp/file" + std::to_string(id);
        e.path2 = "/tmp/other";
        e.source = event::Source::User;
        return e;
    }
    // Events with ids first … first + count - 1.
    static Batch make_batch(std::int64_t first, std::int64_t count) {
        Batch batch;
        for (std::int64_t id = first; id < first + count; ++id) batch.events.push_back(make_event(id));
        return batch;
    }

    static void write_recording(const std::string& where, const Batch& batch) {
        auto writer = create_recording(where);
        ASSERT_TRUE(writer) << writer.error().message;
        ASSERT_TRUE((*writer)->append(batch));
        const auto finished = (*writer)->finish();
        ASSERT_TRUE(finished) << finished.error().message;
    }
    static std::unique_ptr<Reader> must_open(const std::string& where) {
        auto reader = open_recording(where);
        EXPECT_TRUE(reader) << reader.error().message;
        return reader ? *std::move(reader) : nullptr;
    }
    // The sentence with which opening fails; empty where it does not.
    static std::string open_failure(const std::string& where) {
        const auto reader = open_recording(where);
        return reader ? "" : reader.error().message;
    }
    static std::vector<event::Event> read_events(Reader& reader, const std::string& condition = "") {
        std::vector<event::Event> found;
        const auto status =
            reader.events(condition, [&](event::Event&& e) { found.push_back(std::move(e)); });
        EXPECT_TRUE(status) << status.error().message;
        return found;
    }
    static std::vector<Row> read_query(Reader& reader, const std::string& sql) {
        std::vector<Row> found;
        const auto status =
            reader.query(sql, [](const Table&) {}, [&](const Row& row) { found.push_back(row); });
        EXPECT_TRUE(status) << status.error().message;
        return found;
    }
    // The only value of the only row; "" where there is none.
    static std::string read_value(Reader& reader, const std::string& sql) {
        const auto rows = read_query(reader, sql);
        return rows.size() == 1 && rows[0].size() == 1 ? rows[0][0].value_or("") : "";
    }
    static std::string read_bytes(const std::string& where) {
        std::ifstream file(where, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static void write_bytes(const std::string& where, std::string_view bytes) {
        std::ofstream(where, std::ios::binary | std::ios::trunc) << bytes;
    }

  private:
    std::filesystem::path directory_;
};

}  // namespace catena::store
