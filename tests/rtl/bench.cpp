// Runs cases from a file of 64-bit words through the RTL and writes what was seen, in the order of driver.py.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <vector>

#include "Vtop.h"
#include "Vtop___024root.h"

using Words = std::vector<int64_t>;

static const int F = 2;
static int64_t bank_bits, xor_fold;  // of the case that runs

/// Content of a bank's cell: that of the entry which the bank map puts there.
extern "C" char sram_cell(int level, int bank, int row, int feature) {
    uint32_t low = bank, rest = row, mask = (1u << bank_bits) - 1;
    for (; xor_fold && bank_bits && rest; rest >>= bank_bits) low ^= rest & mask;
    uint32_t entry = ((uint32_t)row << bank_bits) | low;
    return (char)((entry * 2654435761u + level * 97u + feature * 31u) >> 13);
}

struct Bench {
    VerilatedContext context;
    Vtop top{&context};
    const Words& in;
    Words out;
    size_t at = 0;

    explicit Bench(const Words& words) : in(words) {}

    int64_t next() { return in.at(at++); }
    const int64_t* take(size_t count) {
        at += count;
        if (at > in.size()) throw std::out_of_range("a case ends too early");
        return in.data() + at - count;
    }
    void settle() {
        top.clk = 0;
        top.eval();
    }
    void edge() {
        top.clk = 1;
        top.eval();
    }
    void put(const Words& words) { out.insert(out.end(), words.begin(), words.end()); }

    void tags() {
        top.sets = next();
        top.ways = next();
        int64_t n = next();
        const int64_t* lines = take(n);
        top.reset = 1;
        settle();
        edge();
        top.reset = 0;
        top.ask = 1;
        for (int64_t i = 0; i < n; i++) {
            top.line = lines[i];
            settle();
            out.push_back(top.hit);
            edge();
        }
        top.ask = 0;
    }

    void nfp();
};

void Bench::nfp() {
    const int engines = sizeof(top.query) / sizeof(top.query[0]);
    const int cols = sizeof(top.row_weights) / sizeof(top.row_weights[0]);
    const int slots = sizeof(top.rootp->top__DOT__nfp__DOT__mlp__DOT__results)
                      / sizeof(top.rootp->top__DOT__nfp__DOT__mlp__DOT__results[0]);
    const int64_t registers = next();
    const int64_t* setting = take(registers);
    const int64_t n = next(), levels = next(), dims = next(), batch = next(), tiles = next(), rows = next();
    const int64_t columns = next(), outputs = next(), limit = next();
    bank_bits = next();
    xor_fold = next();
    const int64_t *arrival = take(n), *cells = take(n * levels * dims), *fractions = take(n * levels * dims);
    const int64_t* weights = take(tiles * rows * columns);
    const int64_t batches = (n + batch - 1) / batch;
    Words begin(n * levels, -1), end(n * levels, -1), asked(n * levels, 0), there(n * levels, -1);
    Words starts(batches, -1), freed(batches, -1), released(batches, -1), results(batches, -1), done(batches, -1);
    Words features(n * levels * F, 0), products(n * outputs, 0);

    top.reset = 1;
    top.arrived = 0;
    top.write = 1;
    for (int64_t i = 0; i < registers; i++) {
        top.number = i;
        top.setting = setting[i];
        settle();
        edge();
    }
    top.write = 0;
    settle();
    edge();
    top.reset = 0;

    auto weigh = [&] {
        for (int c = 0; c < cols; c++) {
            const bool real = top.weight_tile < tiles && top.weight_row < rows && c < columns;
            top.row_weights[c] = real ? weights[(top.weight_tile * rows + top.weight_row) * columns + c] : 0;
        }
    };
    for (settle(); !top.ready; settle()) {  // the first weights belong to the load command, before cycle 0
        weigh();
        settle();
        edge();
    }

    int64_t s = 0, r = 0, f = 0, e = 0, o = 0, advanced = 0, arrived = 0, apart = 0;
    for (int64_t cycle = 0; o < batches && cycle < limit; cycle++) {
        while (arrived < n && arrival[arrived] <= cycle) arrived++;
        top.arrived = arrived;
        int64_t slowest = n, fastest = 0;
        for (int g = 0; g < engines; g++) {
            const int64_t place = (int64_t)top.query[g] * levels + top.level[g];
            for (int d = 0; d < dims && top.query[g] < n && top.level[g] < levels; d++) {
                top.cell_of[g][d] = cells[place * dims + d];
                top.fraction[g][d] = fractions[place * dims + d];
            }
            if (top.level[g] < levels && g < setting[3]) {
                slowest = std::min<int64_t>(slowest, top.query[g]);
                fastest = std::max<int64_t>(fastest, top.query[g]);
            }
        }
        apart = std::max(apart, std::min(fastest, n) - slowest);
        weigh();
        settle();
        for (int g = 0; g < engines; g++) {
            const int64_t place = (int64_t)top.sram_query[g] * levels + top.sram_level[g];
            if (top.begins[g]) begin.at(place) = cycle;
            if (top.ends[g]) end.at(place) = cycle;
            if (top.asked[g]) asked.at(place) += top.asked[g];
            if (top.delivers[g]) there.at((int64_t)top.out_query[g] * levels + top.out_level[g]) = cycle + 1;
        }
        advanced += top.advances;
        if (top.starts) {
            const auto& memory = top.rootp->top__DOT__nfp__DOT__buffer__DOT__memory;
            for (int64_t q = s * batch; q < std::min(n, (s + 1) * batch); q++)
                for (int64_t i = 0; i < levels * F; i++)
                    features[q * levels * F + i] = (int32_t)memory[q % (2 * batch)][i];
            starts.at(s++) = cycle;
        }
        if (top.releases) released.at(f++) = cycle;
        if (top.results) results.at(e++) = cycle;
        if (top.freed) freed.at(r++) = cycle + 1;
        if (top.out) {
            const auto& memory = top.rootp->top__DOT__nfp__DOT__mlp__DOT__results;
            for (int64_t q = o * batch; q < std::min(n, (o + 1) * batch); q++)
                for (int64_t i = 0; i < outputs; i++)
                    products[q * outputs + i] = (int32_t)memory[o % slots][q - o * batch][i];
            done.at(o++) = cycle + 1;
        }
        edge();
    }
    out.push_back(advanced);
    out.push_back(apart);
    for (const Words* words : {&begin, &end, &asked, &there, &starts, &freed, &released, &results, &done, &features, &products})
        put(*words);
}

int main(int, char** argv) {
    std::ifstream file(argv[1], std::ios::binary | std::ios::ate);
    Words words(file.tellg() / sizeof(int64_t));
    file.seekg(0);
    file.read((char*)words.data(), words.size() * sizeof(int64_t));
    Bench bench(words);
    while (bench.at < words.size()) bench.next() ? bench.tags() : bench.nfp();
    std::ofstream(argv[2], std::ios::binary).write((char*)bench.out.data(), bench.out.size() * sizeof(int64_t));
}
