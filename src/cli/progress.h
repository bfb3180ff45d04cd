// Progress of a recording, on standard error where that is a terminal. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/progress_line.h"
#include "sensor/sensor.h"

namespace catena::cli {

class Progress {
  public:
    explicit Progress(std::chrono::steady_clock::time_point began);

    // Redraws its line, at most a few times a second.
    void show(const sensor::Progress& now);

    // The last word: what is in the recording. Losses are told even where standard error is no terminal.
    static void summarise(const sensor::Progress& total, const std::string& path);

  private:
    std::chrono::steady_clock::time_point began_;
    ProgressLine line_;
    std::uint64_t seen_before_ = 0;
};

}  // namespace catena::cli
