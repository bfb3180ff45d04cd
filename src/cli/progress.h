// Progress of a recording, on standard error where that is a terminal. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sensor/sensor.h"

namespace catena::cli {

class Progress {
  public:
    explicit Progress(std::chrono::steady_clock::time_point began);
    ~Progress();  // clears its line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Redraws its line, at most a few times a second.
    void show(const sensor::Progress& now);

    // The last word: what is in the recording. Losses are told even where standard error is no terminal.
    static void summarise(const sensor::Progress& total, const std::string& path);

  private:
    bool terminal_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point drawn_;
    std::uint64_t seen_before_ = 0;
};

}  // namespace catena::cli
