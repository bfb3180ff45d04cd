#include "callgraph/later.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

namespace catena::callgraph {
namespace {

constexpr std::array<std::string_view, 6> kLibraryFolders = {
    "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"};
constexpr std::size_t kMaxIncludes = 64;  // files of one service

bool is_space(char each) { return each == ' ' || each == '\t' || each == '\r'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// Takes the next word; what is in brackets is one word, as PAM and NSS write conditions.
std::string_view next_word(std::string_view& text) {
    text = trim(text);
    std::size_t end = 0;
    if (text.starts_with('['))
        end = std::min(text.find(']'), text.size() - 1) + 1;
    else
        while (end < text.size() && !is_space(text[end])) ++end;
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

// Calls `take` with each line, without its comment; a backslash at the end joins it with the next one.
template <class Take>
void each_line(std::string_view text, Take&& take) {
    std::string joined;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = trim(line.substr(0, line.find('#')));
        if (line.ends_with('\\')) {
            joined += line.substr(0, line.size() - 1);
            continue;
        }
        joined += line;
        if (!joined.empty()) take(std::string_view(joined));
        joined.clear();
    }
    if (!joined.empty()) take(std::string_view(joined));
}

// The first of the folders of libraries that has this path; nothing where none has.
std::optional<std::string> in_library_folders(const Root& root, std::string_view path) {
    for (const std::string_view folder : kLibraryFolders) {
        std::string candidate = fmt::format("{}/{}", folder, path);
        if (root.host_path(candidate)) return candidate;
    }
    return std::nullopt;
}

// A list in which each name is once.
class LaterList {
  public:
    explicit LaterList(LoadReason reason) : reason_(reason) {}
    void add(std::string name, std::string why) {
        if (seen_.insert(name).second)
            list_.push_back({.reason = reason_, .name = std::move(name), .why = std::move(why), .by = {}});
    }
    std::vector<Later> take() { return std::move(list_); }

  private:
    LoadReason reason_;
    std::set<std::string> seen_;
    std::vector<Later> list_;
};

// Reads the files of one service; each file once, so that includes cannot go in circles.
class PamReader {
  public:
    explicit PamReader(const Root& root) : root_(root) {}

    void read(std::string_view file) {
        if (files_.size() >= kMaxIncludes || !files_.insert(std::string(file)).second) return;
        for (const std::string_view folder : {"/etc/pam.d", "/usr/lib/pam.d"}) {
            const std::string path =
                file.starts_with('/') ? std::string(file) : fmt::format("{}/{}", folder, file);
            const auto text = root_.read(path);
            if (!text) continue;
            each_line(*text, [&](std::string_view line) { take(line, path); });
            return;
        }
    }
    std::vector<Later> take_list() { return list_.take(); }

  private:
    void take(std::string_view line, const std::string& path) {
        const std::string_view type = next_word(line);
        if (type == "@include") {
            read(next_word(line));
            return;
        }
        const std::string_view control = next_word(line);
        const std::string_view module = next_word(line);
        if (module.empty()) return;
        if (control == "include" || control == "substack") {
            read(module);
            return;
        }
        std::string file(module);
        if (!module.starts_with('/')) {
            const std::string relative = "security/" + file;
            file = in_library_folders(root_, relative)
                       .value_or(fmt::format("{}/{}", kLibraryFolders[0], relative));
        }
        // "-" in front of the type: that it is missing is not even logged.
        if (!type.starts_with('-') || root_.host_path(file)) list_.add(std::move(file), path);
    }

    const Root& root_;
    std::set<std::string> files_;
    LaterList list_{LoadReason::Pam};
};

}  // namespace

std::vector<std::pair<std::string, std::string>> nss_services(const Root& root) {
    std::vector<std::pair<std::string, std::string>> list;
    const auto text = root.read("/etc/nsswitch.conf");
    each_line(text.value_or(""), [&](std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const std::string_view database = trim(line.substr(0, colon));
        std::string_view services = line.substr(colon + 1);
        for (auto word = next_word(services); !word.empty(); word = next_word(services))
            if (!word.starts_with('[') && word.find('/') == std::string_view::npos)
                list.emplace_back(database, word);
    });
    return list;
}

std::vector<Later> nss_modules(const Root& root) {
    LaterList list(LoadReason::Nss);
    const auto add = [&](std::string_view service, std::string why) {
        std::string name = fmt::format("libnss_{}.so.2", service);
        const bool built_in = service == "files" || service == "dns";
        if (!built_in || in_library_folders(root, name)) list.add(std::move(name), std::move(why));
    };
    for (const auto& [database, service] : nss_services(root))
        add(service, fmt::format("/etc/nsswitch.conf: {}", database));
    for (const std::string_view each : {"files", "dns"}) add(each, "a default of libc");
    return list.take();
}

std::vector<Later> pam_modules(const Root& root, std::string_view service) {
    PamReader reader(root);
    if (!service.empty() && service.find('/') == std::string_view::npos) reader.read(service);
    reader.read("other");
    return reader.take_list();
}

std::vector<Later> gconv_modules(const Root& root) {
    LaterList list(LoadReason::Gconv);
    const auto folder = in_library_folders(root, "gconv");
    if (!folder) return {};
    const auto read = [&](const std::string& path) {
        const auto text = root.read(path);
        each_line(text.value_or(""), [&](std::string_view line) {
            if (next_word(line) != "module") return;
            next_word(line);
            next_word(line);
            std::string name(next_word(line));
            if (name.empty()) return;
            if (!name.ends_with(".so")) name += ".so";
            list.add(name.starts_with('/') ? name : *folder + "/" + name, path);
        });
    };
    read(*folder + "/gconv-modules");
    for (const std::string& each : root.list(*folder + "/gconv-modules.d"))
        if (each.ends_with(".conf")) read(*folder + "/gconv-modules.d/" + each);
    return list.take();
}

std::vector<Later> openssl_modules(const Root& root) {
    LaterList list(LoadReason::Openssl);
    for (const std::string_view kind : {"ossl-modules", "engines-3", "engines-1.1"}) {
        const auto folder = in_library_folders(root, kind);
        if (!folder) continue;
        for (const std::string& each : root.list(*folder))
            if (each.ends_with(".so")) list.add(*folder + "/" + each, *folder);
    }
    for (const char* path :
         {"/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/lib/ssl/openssl.cnf"}) {
        const auto text = root.read(path);
        if (!text) continue;
        each_line(*text, [&](std::string_view line) {
            const std::size_t equals = line.find('=');
            if (equals == std::string_view::npos) return;
            const std::string_view key = trim(line.substr(0, equals));
            const std::string_view value = trim(line.substr(equals + 1));
            if ((key == "module" || key == "dynamic_path") && value.starts_with('/'))
                list.add(std::string(value), path);
        });
        break;
    }
    return list.take();
}

std::vector<Later> openssl_modules(const Root& root, const std::set<std::string>& names) {
    std::set<std::string, std::less<>> words(names.begin(), names.end());
    for (const char* path :
         {"/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/lib/ssl/openssl.cnf"}) {
        const auto text = root.read(path);
        each_line(text.value_or(""), [&](std::string_view line) {
            constexpr std::string_view kEnds = " \t=[],";
            for (std::size_t at = 0; at < line.size();) {
                const std::size_t end = std::min(line.find_first_of(kEnds, at), line.size());
                words.emplace(line.substr(at, end - at));
                at = end + 1;
            }
        });
    }
    std::vector<Later> list = openssl_modules(root);
    std::erase_if(list, [&](const Later& each) {
        std::string_view stem = std::string_view(each.name).substr(each.name.rfind('/') + 1);
        if (stem.ends_with(".so")) stem.remove_suffix(3);
        return !words.contains(each.name) && !words.contains(stem);
    });
    return list;
}

}  // namespace catena::callgraph
