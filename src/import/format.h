// Format: one kind of foreign log, and how to read it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "import/lines.h"
#include "import/sink.h"

namespace catena::import {

// Reads the lines of one log in their order. One thread.
class Parser {
  public:
    virtual ~Parser() = default;
    // BadInput with the reason where the line cannot be read; then nothing of it has been added.
    virtual base::Status line(const Line& line) = 0;
    // No line follows.
    virtual void finish() {}
};

struct Format {
    std::string_view name;
    std::string_view help;
    // Whether a line can only be of this format, judged by what stands in it.
    bool (*recognises)(std::string_view line);
    std::unique_ptr<Parser> (*make)(Sink& sink);
};

// All there are, in the order in which help lists them.
std::span<const Format> formats();

// Null where there is none of that name.
const Format* find_format(std::string_view name);

// BadInput where the beginning of the input has no line of this format, with the one that it has lines of.
base::Status check_format(const Format& format, std::string_view head, const std::string& path);

// One file a format.
bool looks_like_cadets(std::string_view line);
std::unique_ptr<Parser> make_cadets(Sink& sink);
bool looks_like_sysflow(std::string_view line);
std::unique_ptr<Parser> make_sysflow(Sink& sink);
bool looks_like_auditd(std::string_view line);
std::unique_ptr<Parser> make_auditd(Sink& sink);
bool looks_like_jsonl(std::string_view line);
std::unique_ptr<Parser> make_jsonl(Sink& sink);

}  // namespace catena::import
