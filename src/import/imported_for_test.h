// A log imported in memory, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "event/entity_table.h"
#include "event/text.h"
#include "import/import.h"

namespace catena::import {

struct Imported {
    Summary summary;
    std::vector<event::Event> events;
    event::EntityTable entities;
    std::vector<event::Accounting> accounting;
    std::map<std::string, std::string> meta;

    // "what process, op, what object", as a person would see it.
    [[nodiscard]] std::string told(std::size_t i) const {
        const event::Event& e = events.at(i);
        const auto* image = entities.process(e.process, e.ts_ns);
        const std::string who =
            image != nullptr ? event::process_name(*image) + " " + std::to_string(image->pid) : "?";
        const std::string object = e.object ? " " + event::object_text(e.object, e.ts_ns, entities) : "";
        return who + " " + std::string(to_string(e.op)) + object;
    }
    // Those of all events.
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < events.size(); ++i) all.push_back(told(i));
        return all;
    }
};

// A file with these bytes, gone with the object.
class FileForTest {
  public:
    explicit FileForTest(std::string_view bytes) {
        std::string pattern = (std::filesystem::temp_directory_path() / "catena-import-XXXXXX").string();
        const int fd = ::mkstemp(pattern.data());
        if (fd >= 0) ::close(fd);
        path_ = pattern;
        std::ofstream(path_, std::ios::binary)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    ~FileForTest() { std::filesystem::remove(path_); }
    FileForTest(const FileForTest&) = delete;
    FileForTest& operator=(const FileForTest&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline Imported import_text(std::string_view format, std::string_view text) {
    const FileForTest file(text);
    Imported imported;
    auto lines = LineReader::open(file.path());
    EXPECT_TRUE(lines) << lines.error().message;
    const auto summary = run({.format = *find_format(format),
                              .lines = *lines,
                              .append =
                                  [&](const event::Batch& batch) {
                                      for (const auto& each : batch.processes) imported.entities.add(each);
                                      for (const auto& each : batch.files) imported.entities.add(each);
                                      for (const auto& each : batch.sockets) imported.entities.add(each);
                                      for (const auto& each : batch.objects) imported.entities.add(each);
                                      for (const auto& each : batch.events) imported.events.push_back(each);
                                      for (const auto& each : batch.accounting)
                                          imported.accounting.push_back(each);
                                      for (const auto& [key, value] : batch.meta) imported.meta[key] = value;
                                      return base::Status();
                                  },
                              .proceed = [](const Summary&) { return true; }});
    EXPECT_TRUE(summary);
    imported.summary = *summary;
    return imported;
}

}  // namespace catena::import
