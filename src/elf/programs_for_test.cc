#include "elf/programs_for_test.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "elf/functions.h"

namespace catena::elf {
namespace {

std::string output_of(const std::string& command) {
    const auto close = [](FILE* pipe) { EXPECT_EQ(::pclose(pipe), 0); };
    const std::unique_ptr<FILE, decltype(close)> pipe(::popen(command.c_str(), "re"), close);
    std::string output;
    std::array<char, 65536> buffer{};
    while (pipe) {
        const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
        if (got == 0) break;
        output.append(buffer.data(), got);
    }
    return output;
}

}  // namespace

Programs::Programs() {
    std::string pattern = (std::filesystem::temp_directory_path() / "catena-elf-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
}

Programs::~Programs() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Programs::shell(const std::string& line) const {
    return output_of("cd " + folder_.string() + " && { " + line + "\n}");
}

void Programs::write(std::string_view name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
}

std::string Programs::compile(const std::string& name, std::string_view source, const std::string& options,
                              bool cxx) const {
    const std::string file = name + (cxx ? ".cc" : ".c");
    write(file, source);
    shell(std::string(cxx ? "g++ " : "gcc ") + file + " -o " + name + " " + options);
    return path(name);
}

SymbolTable symbols_by_readelf(const std::string& path) {
    SymbolTable table;
    std::istringstream lines(output_of("readelf -sW " + path + " 2>/dev/null"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, address, size, type, binding, visibility, section, name;
        words >> number >> address >> size >> type >> binding >> visibility >> section >> name;
        if ((type != "FUNC" && type != "IFUNC") || section == "UND") continue;
        auto& largest = table[std::stoull(address, nullptr, 16)][name.substr(0, name.find('@'))];
        largest = std::max<std::uint64_t>(largest, std::stoull(size, nullptr, 0));
    }
    return table;
}

Image image_of(const std::string& path) {
    auto image = Image::open(path);
    EXPECT_TRUE(image) << image.error().message;
    return std::move(*image);
}

std::vector<Function> functions_of(const std::string& path, const std::vector<std::string>& debug_roots) {
    const Image image = image_of(path);
    auto found = functions(image, {.debug_roots = debug_roots});
    EXPECT_TRUE(found) << found.error().message;
    return std::move(*found);
}

const Function* find_function(const std::vector<Function>& functions, std::string_view name) {
    const auto found = std::ranges::find_if(functions, [&](const Function& each) {
        return each.name == name || std::ranges::find(each.aliases, name) != each.aliases.end();
    });
    return found == functions.end() ? nullptr : &*found;
}

const Function* function_at(const std::vector<Function>& functions, std::uint64_t address) {
    const auto found = std::ranges::lower_bound(functions, address, {}, &Function::address);
    return found != functions.end() && found->address == address ? &*found : nullptr;
}

}  // namespace catena::elf
