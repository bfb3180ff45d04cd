// Processes: what a log reveals about its processes, line by line, as the images that a recording holds.
//
// Logs tell of a fork when the parent's call returns, which may be after the child has done a lot. So images
// of a process whose fork was not seen yet wait until it is, or until the end. Bounded: kMaxWaiting images
// wait, and of processes not seen for long, only what a child of theirs would inherit is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"
#include "import/sink.h"

namespace catena::import {

// What a line says about the process that did something.
struct Actor {
    event::EntityId id;
    std::int64_t ts_ns = 0;
    std::int32_t pid = 0;
    std::uint32_t uid = 0;
    std::string_view comm = {};
    std::string_view exe = {};  // empty where the line does not say
    // Who made it, if no fork tells: what it has for a parent now. Then it began when it was first met.
    event::EntityId presumed_parent = {};
};

class Processes {
  public:
    static constexpr std::size_t kMaxWaiting = std::size_t{1} << 17;

    explicit Processes(Sink& sink) : sink_(sink), current_(std::size_t{1} << 17) {}

    // A process did something.
    void acted(const Actor& actor);
    // It made a child. The parent must have acted.
    void forked(event::EntityId parent, event::EntityId child, std::int32_t pid, std::int64_t ts_ns);
    // It runs another program now. It must have acted.
    void executed(event::EntityId id, std::int64_t ts_ns, std::string exe, std::string cmdline);
    // Nothing more will come: hands on what waits.
    void finish();

  private:
    void emit(const event::ProcessImage& image);

    Sink& sink_;
    base::GenerationMap<event::EntityId, event::ProcessImage> current_;
    struct Waiting {
        event::EntityId presumed_parent;
        std::vector<event::ProcessImage> images;
    };
    std::map<event::EntityId, Waiting> waiting_;
    std::size_t waiting_images_ = 0;
};

// The file name of a path, as the kernel would show it in comm.
std::string_view base_name(std::string_view path);

// Without "/./" and "//", which name the same file under another spelling. ".." stays: links may be in the
// way.
std::string plain_path(std::string_view path);

}  // namespace catena::import
