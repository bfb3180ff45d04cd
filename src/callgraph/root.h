// Root: the folder that a program takes for "/": that of this machine, or one into which packages were
// unpacked. Symbolic links are followed inside it, absolute ones, too. It can change meanwhile; no answer is
// kept.
//
// All that an analysis reads, looks up and lists goes through a Root, so that whoever wants to know what its
// result depends on is told of each question (tools/check_layers.py holds the folder to that).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "callgraph/file_answers.h"
#include "elf/image.h"

namespace catena::callgraph {

class Root {
  public:
    // Empty or "/": this machine's own. Questions and answers are noted in `noted`, where there is one; it
    // has to live as long as the Root.
    explicit Root(std::string folder = {}, FileAnswers* noted = nullptr);

    [[nodiscard]] const std::string& folder() const { return folder_; }
    // The path to open for a path inside, all links followed; nothing where there is no such file.
    [[nodiscard]] std::optional<std::string> host_path(const std::string& path) const;
    // The same file as the root sees it, all links followed.
    [[nodiscard]] std::optional<std::string> real_path(const std::string& path) const;
    // A path of the host as the root sees it; unchanged where it is not inside.
    [[nodiscard]] std::string inside(const std::string& host_path) const;
    // The content of a small text file, cut to 16 MB; nothing where it cannot be read.
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const;
    // Names in a folder, in order, 65,536 at most; empty where it cannot be read.
    [[nodiscard]] std::vector<std::string> list(const std::string& path) const;

    // Of a path to open, as host_path gives it: the program or library there, and whether that runs with the
    // rights of its owner or its group.
    [[nodiscard]] base::Result<elf::Image> open(const std::string& host_path) const;
    [[nodiscard]] bool is_set_user_id(const std::string& host_path) const;

  private:
    [[nodiscard]] std::optional<std::string> follow(const std::string& path) const;
    [[nodiscard]] std::optional<std::string> real_path_of_host(const std::string& path) const;
    void note_file(const std::string& host_path) const;

    std::string folder_;  // without a slash at its end; empty for this machine
    FileAnswers* noted_ = nullptr;
};

}  // namespace catena::callgraph
