// Writes random chains in all forms, for programs that others wrote to read: render_samples FOLDER [COUNT].
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "graph/random_recording_for_test.h"
#include "graph/render.h"

namespace {

namespace fs = std::filesystem;
using namespace catena::graph;  // NOLINT(google-build-using-namespace)

void write(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) {
        fmt::print(stderr, "{} cannot be written\n", path.string());
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "render_samples FOLDER [COUNT]\n");
        return 2;
    }
    const fs::path folder = argv[1];
    const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100;
    fs::remove_all(folder);
    fs::create_directories(folder);
    for (std::uint64_t seed = 0; seed < count; ++seed) {
        const RandomRecording recording(seed);
        const Graph graph = recording.graph(recording.direction());
        const Chain chain = recording.chain(graph, recording.direction());
        const fs::path path = folder / fmt::format("{:04}", seed);
        write(path.string() + ".json", to_json(chain));
        write(path.string() + ".dot", to_dot(chain));
        write(path.string() + ".prov", to_prov(chain));
        write(path.string() + ".mermaid", to_mermaid(chain));
    }
}
