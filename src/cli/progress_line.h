// ProgressLine: one line on standard error that is drawn anew while something long goes on, where that is a
// terminal. One thread.
#pragma once

#include <chrono>
#include <string>

namespace catena::cli {

class ProgressLine {
  public:
    using Clock = std::chrono::steady_clock;

    // Not to be drawn before a little time after `since`.
    explicit ProgressLine(Clock::time_point since = {});
    ~ProgressLine();  // clears it
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // Whether it is time: a few times a second.
    [[nodiscard]] bool is_due() const;
    [[nodiscard]] std::chrono::duration<double> since_drawn() const { return Clock::now() - drawn_; }
    void draw(const std::string& text);

  private:
    bool terminal_;
    Clock::time_point drawn_;
};

}  // namespace catena::cli
