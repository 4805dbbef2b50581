package org.edgeprune.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.CloseNames;
import org.edgeprune.io.InputException;

/**
 * Writers, readers and edges of a transformer, in the reference's order.
 *
 * <p>Edges are numbered reader by reader: all edges into reader 0, then all into reader 1 and so on; within a reader by
 * writer. Attention readers of layer l see the writers before layer l, its MLP sees layer l's heads too (unless blocks
 * are parallel), {@code resid_post} sees every writer. GPT-2 small has 32,046 edges, 32,936 with embedding nodes.
 */
public final class ComputationGraph {
    private static final Pattern KEY_OR_VALUE = Pattern.compile("a(\\d{1,6})\\.h(\\d{1,6})\\.([kv])");

    private final GraphShape shape;
    private final List<Writer> writers;
    private final List<Reader> readers;
    private final List<ReaderGroup> groups;
    private final int[] groupOfReader;
    private final int edgeCount;
    private final Map<String, Writer> writersByName = new HashMap<>();
    private final Map<String, Reader> readersByName = new HashMap<>();

    /**
     * The graph of a shape.
     *
     * @param shape the model's numbers
     * @throws ArithmeticException if it has more edges than an int can count, see {@link GraphShape#isTooLarge}
     */
    public ComputationGraph(GraphShape shape) {
        this.shape = shape;
        this.writers = Collections.unmodifiableList(writersOf(shape));
        List<Reader> readerList = new ArrayList<>();
        List<ReaderGroup> groupList = new ArrayList<>();
        int perLayer = shape.heads() + 1;
        int edges = 0;
        for (int layer = 0; layer <= shape.layers(); layer++) {
            int before = shape.embeddings().size() + layer * perLayer;
            for (Reader.Kind kind : Reader.Kind.values()) {
                if ((kind == Reader.Kind.RESID_POST) != (layer == shape.layers())) {
                    continue;
                }
                int visible = kind == Reader.Kind.MLP && !shape.parallelBlocks() ? before + shape.heads() : before;
                int first = readerList.size();
                addReaders(readerList, kind, layer);
                int count = readerList.size() - first;
                groupList.add(new ReaderGroup(groupList.size(), kind, layer, first, count, visible, edges));
                edges = Math.addExact(edges, Math.multiplyExact(count, visible));
            }
        }
        this.readers = Collections.unmodifiableList(readerList);
        this.groups = Collections.unmodifiableList(groupList);
        this.edgeCount = edges;
        this.groupOfReader = new int[readers.size()];
        for (ReaderGroup group : groups) {
            java.util.Arrays.fill(
                    groupOfReader, group.firstReader(), group.firstReader() + group.count(), group.index());
        }
        writers.forEach(w -> writersByName.put(w.name(), w));
        readers.forEach(r -> readersByName.put(r.name(), r));
    }

    private static List<Writer> writersOf(GraphShape shape) {
        List<Writer> list = new ArrayList<>();
        for (String name : shape.embeddings()) {
            list.add(new Writer(list.size(), Writer.Kind.EMBEDDING, -1, -1, name));
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (int head = 0; head < shape.heads(); head++) {
                list.add(new Writer(list.size(), Writer.Kind.HEAD, layer, head, "a" + layer + ".h" + head));
            }
            list.add(new Writer(list.size(), Writer.Kind.MLP, layer, -1, "m" + layer));
        }
        return list;
    }

    private void addReaders(List<Reader> list, Reader.Kind kind, int layer) {
        switch (kind) {
            case QUERY -> addHeads(list, kind, layer, shape.heads(), ".q");
            case KEY -> addHeads(list, kind, layer, shape.kvHeads(), ".k");
            case VALUE -> addHeads(list, kind, layer, shape.kvHeads(), ".v");
            case MLP -> list.add(new Reader(list.size(), kind, layer, -1, "m" + layer));
            case RESID_POST -> list.add(new Reader(list.size(), kind, layer, -1, "resid_post"));
        }
    }

    private static void addHeads(List<Reader> list, Reader.Kind kind, int layer, int heads, String suffix) {
        for (int head = 0; head < heads; head++) {
            list.add(new Reader(list.size(), kind, layer, head, "a" + layer + ".h" + head + suffix));
        }
    }

    /**
     * What this graph was made from.
     *
     * @return the shape
     */
    public GraphShape shape() {
        return shape;
    }

    /**
     * All writers, in the order of computation.
     *
     * @return writers by index
     */
    public List<Writer> writers() {
        return writers;
    }

    /**
     * All readers, in the published order.
     *
     * @return readers by index
     */
    public List<Reader> readers() {
        return readers;
    }

    /**
     * Reader groups in the order of their readers: query, key, value and MLP of each layer, at last {@code resid_post}.
     *
     * @return groups by index
     */
    public List<ReaderGroup> groups() {
        return groups;
    }

    /**
     * The group that a reader belongs to.
     *
     * @param reader a reader of this graph
     * @return its group
     */
    public ReaderGroup groupOf(Reader reader) {
        return groups.get(groupOfReader[reader.index()]);
    }

    /**
     * The group of one kind in one layer.
     *
     * @param kind the readers' kind
     * @param layer the layer, from 0; ignored for {@code RESID_POST}
     * @return the group
     */
    public ReaderGroup group(Reader.Kind kind, int layer) {
        return groups.get(kind == Reader.Kind.RESID_POST ? groups.size() - 1 : layer * 4 + kind.ordinal());
    }

    /**
     * The number of edges, each from a writer to a later reader.
     *
     * @return number of edges
     */
    public int edgeCount() {
        return edgeCount;
    }

    /**
     * The number of writers, which are the nodes that have masks.
     *
     * @return number of writers
     */
    public int nodeCount() {
        return writers.size();
    }

    /**
     * Whether a writer is computed before a reader reads.
     *
     * @param writer a writer of this graph
     * @param reader a reader of this graph
     * @return whether there is an edge between them
     */
    public boolean hasEdge(Writer writer, Reader reader) {
        return writer.index() < groupOf(reader).visibleWriters();
    }

    /**
     * The number of an edge.
     *
     * @param writer a writer of this graph
     * @param reader a reader of this graph
     * @return from 0 to {@link #edgeCount()} - 1
     * @throws IllegalArgumentException if there is no such edge
     */
    public int edgeIndex(Writer writer, Reader reader) {
        ReaderGroup group = groupOf(reader);
        if (writer.index() >= group.visibleWriters()) {
            throw new IllegalArgumentException("no edge " + writer + " -> " + reader);
        }
        return group.firstEdge() + (reader.index() - group.firstReader()) * group.visibleWriters() + writer.index();
    }

    /**
     * The edge with a number.
     *
     * @param index from 0 to {@link #edgeCount()} - 1
     * @return the edge
     */
    public Edge edge(int index) {
        int low = 0;
        int high = groups.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (groups.get(middle).firstEdge() <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        ReaderGroup group = groups.get(low);
        int local = java.util.Objects.checkIndex(index - group.firstEdge(), group.edgeCount());
        return new Edge(
                writers.get(local % group.visibleWriters()),
                readers.get(group.firstReader() + local / group.visibleWriters()));
    }

    /**
     * The index of a layer's first writer, its head 0. Its other heads follow, then its MLP.
     *
     * @param layer the layer, from 0
     * @return a writer's index
     */
    public int firstWriter(int layer) {
        return shape.embeddings().size() + layer * (shape.heads() + 1);
    }

    /**
     * The writers that a reader feeds: the head of a query, the heads that share a key or value, the MLP.
     *
     * @param reader a reader of this graph
     * @return its writers; empty for {@code resid_post}
     */
    public List<Writer> fedBy(Reader reader) {
        int first = reader.kind() == Reader.Kind.RESID_POST ? -1 : firstWriter(reader.layer());
        int group = shape.heads() / shape.kvHeads();
        return switch (reader.kind()) {
            case QUERY -> List.of(writers.get(first + reader.head()));
            case KEY, VALUE -> writers.subList(first + reader.head() * group, first + (reader.head() + 1) * group);
            case MLP -> List.of(writers.get(first + shape.heads()));
            case RESID_POST -> List.of();
        };
    }

    /**
     * The writer of a name.
     *
     * @param name such as {@code a3.h7}
     * @return the writer
     * @throws InputException if this graph has no writer of that name
     */
    public Writer writer(String name) {
        // The reference's Tracr code calls token embeddings by another name than its GPT-2 code.
        Writer writer = writersByName.get(name.equals("token_embeds") ? "tok_embeds" : name);
        if (writer == null) {
            throw new InputException("unknown writer '" + name + "': this model's writers are " + range(writers)
                    + CloseNames.question(name, writersByName.keySet()));
        }
        return writer;
    }

    /**
     * The reader of a name.
     *
     * @param name such as {@code a3.h7.q}
     * @return the reader
     * @throws InputException if this graph has no reader of that name
     */
    public Reader reader(String name) {
        Reader reader = readersByName.get(name);
        if (reader == null) {
            throw new InputException("unknown reader '" + name + "': "
                    + sharedHead(name)
                            .orElseGet(() -> "this model's readers are " + range(readers)
                                    + CloseNames.question(name, readersByName.keySet())));
        }
        return reader;
    }

    /** What is said of a key or value of a query head, as tools without grouped-query attention name it. */
    private Optional<String> sharedHead(String name) {
        Matcher match = KEY_OR_VALUE.matcher(name);
        if (!match.matches() || shape.kvHeads() == shape.heads()) {
            return Optional.empty();
        }
        int head = Integer.parseInt(match.group(2));
        if (head >= shape.heads()) {
            return Optional.empty();
        }
        int kvHead = head * shape.kvHeads() / shape.heads();
        return Optional.of("this model has " + shape.kvHeads() + " key/value heads for its " + shape.heads()
                + " query heads, and query head " + head + " uses a" + match.group(1) + ".h" + kvHead + "."
                + match.group(3));
    }

    private static String range(List<?> nodes) {
        return nodes.size() < 8
                ? nodes.toString()
                : nodes.get(0) + ", " + nodes.get(1) + ", " + nodes.get(2) + " ... " + nodes.get(nodes.size() - 1);
    }
}
