// read_mermaid.mjs MERMAID FOLDER…: reads each *.mermaid of the folders by Mermaid's own parser, and compares what it understood
// with the chain's JSON.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

// Mermaid's sanitizer asks the browser what it can do. This one can do nothing, so that labels stay as they were written.
const nothing = class {};
globalThis.window = {
    document: {nodeType: 9, implementation: {}, createElement: () => ({})},
    Element: nothing, Node: nothing, NodeFilter: {}, NamedNodeMap: nothing, HTMLTemplateElement: nothing,
    HTMLFormElement: nothing, DOMParser: nothing, addEventListener: () => {},
};

const [folder, ...folders] = process.argv.slice(2);
const {default: mermaid} = await import(pathToFileURL(path.join(folder, 'mermaid.esm.min.mjs')));
mermaid.initialize({maxTextSize: 10_000_000, maxEdges: 10_000});

const styles = {process: 'process', socket: 'network', user: 'agent'};
const shapes = {process: 'square', network: 'diamond', agent: 'hexagon', artifact: 'stadium'};
// Inside, Mermaid writes "#34;" so until it draws.
const decoded = text => text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)));

async function look(file) {
    const chain = JSON.parse(fs.readFileSync(file.replace(/mermaid$/, 'json'), 'utf8'));
    const {db} = await mermaid.mermaidAPI.getDiagramFromText(fs.readFileSync(file, 'utf8'));
    const vertices = new Map([...db.getVertices().values()].map(each => [each.id, each]));
    assert.deepEqual([...vertices.keys()].sort(), chain.nodes.map(node => node.id).sort(), file);
    for (const node of chain.nodes) {
        const vertex = vertices.get(node.id);
        const style = styles[node.type] ?? 'artifact';
        assert.equal(decoded(vertex.text), node.label.trim(), file);
        assert.deepEqual(vertex.classes, [style], file);
        assert.equal(vertex.type, shapes[style], file);
    }
    const flows = db.getEdges().map(
        edge => [edge.start, edge.end, edge.stroke === 'dotted' ? 'peer' : decoded(edge.text).split(' ')[0]].join(' '));
    assert.deepEqual(flows.sort(), chain.edges.map(edge => `${edge.source} ${edge.target} ${edge.op}`).sort(), file);
    assert.equal(db.getSubGraphs().length, 0, file);
}

let count = 0;
for (const each of folders) {
    for (const file of fs.readdirSync(each, {recursive: true}).filter(name => name.endsWith('.mermaid')).sort()) {
        await look(path.join(each, file));
        ++count;
    }
}
assert.ok(count > 0, 'there is no *.mermaid');
console.log(`mermaid: ${count} flowcharts`);
