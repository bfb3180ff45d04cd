// The import of one log: lines in, batches for the store out.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "import/format.h"
#include "import/lines.h"
#include "import/sink.h"

namespace catena::import {

struct Job {
    const Format& format;
    LineReader& lines;
    Sink::Append append;                          // takes what was read; its failure ends the import
    std::function<bool(const Summary&)> proceed;  // called every so often; false ends the import early
};

// Reads all lines. Lines that cannot be read are counted, and an input that breaks off ends the import;
// neither is an error: Summary has them.
base::Result<Summary> run(const Job& job);

}  // namespace catena::import
