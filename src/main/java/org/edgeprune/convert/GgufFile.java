package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/** A GGUF file of version 2 or 3: key-value pairs, a table of tensors, and their data at aligned offsets. */
final class GgufFile implements AutoCloseable {
    private static final int MAX_RANK = 4;
    private static final long MAX_ALIGNMENT = 1 << 20;
    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 20;
    private static final int MAX_ITEMS = 1 << 24;
    private static final long MAX_COLUMNS = 1 << 26;
    private static final int ARRAY = 9;

    /**
     * One tensor.
     *
     * @param shape its sizes, outermost first (the file has them innermost first)
     * @param begin offset of its first byte in the file
     */
    record Entry(String name, GgmlType type, List<Long> shape, long begin) {
        /** The size of the innermost dimension. */
        long columns() {
            return shape.isEmpty() ? 1 : shape.getLast();
        }

        long rows() {
            long rows = 1;
            for (int i = 0; i < shape.size() - 1; i++) {
                rows *= shape.get(i);
            }
            return rows;
        }

        long rowBytes() {
            return columns() / type.blockSize() * type.blockBytes();
        }

        long byteSize() {
            return rows() * rowBytes();
        }
    }

    private final SourceFile file;
    private final Complaint complaint;
    private final ByteInput in;
    private final GgufMetadata metadata;
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    private GgufFile(SourceFile file) {
        this.file = file;
        this.complaint = file.complaint();
        this.in = new ByteInput(file, "header", 0, file.length());
        this.metadata = new GgufMetadata(complaint);
        read();
    }

    /**
     * Opens a file and reads its header.
     *
     * @throws InputException if it is damaged, of another version, or has a tensor of a type that cannot be converted
     */
    static GgufFile open(Path path) {
        SourceFile file = SourceFile.open(path);
        try {
            return new GgufFile(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    SourceFile file() {
        return file;
    }

    GgufMetadata metadata() {
        return metadata;
    }

    Map<String, Entry> tensors() {
        return tensors;
    }

    private void read() {
        if (in.i4() != 0x46554747) {
            throw complaint.damaged("is not a GGUF file");
        }
        int version = in.i4();
        if (version != 2 && version != 3) {
            boolean swapped = (version & 0xFFFF) == 0 && version != 0;
            throw complaint.about(
                    swapped ? "is a big-endian GGUF file" : "is a GGUF file of version " + version,
                    "only versions 2 and 3 in little-endian order can be read: convert it with llama.cpp's tools");
        }
        long tensorCount = count(in.i8(), MAX_TENSORS, "tensors");
        long keys = count(in.i8(), MAX_KEYS, "keys");
        for (long i = 0; i < keys; i++) {
            String key = in.text(in.i8());
            metadata.put(key, value(in.i4(), key));
        }
        long split = metadata.optionalCount("split.count").orElse(1);
        if (split > 1) {
            throw complaint.about(
                    "is one of " + split + " parts of a split GGUF file",
                    "merge them first: llama-gguf-split --merge FIRST-PART WHOLE");
        }
        List<Entry> unplaced = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            unplaced.add(entry());
        }
        long alignment = metadata.optionalCount("general.alignment").orElse(32);
        if (alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw complaint.damaged(
                    "key 'general.alignment' is " + alignment + ", which is not a power of two up to " + MAX_ALIGNMENT);
        }
        long dataBegin = (in.position() + alignment - 1) / alignment * alignment;
        unplaced.forEach(entry -> place(entry, dataBegin, alignment));
        checkOverlap();
    }

    private long count(long count, long max, String what) {
        if (count < 0 || count > max) {
            throw complaint.damaged("states that it has " + Long.toUnsignedString(count) + " " + what);
        }
        return count;
    }

    private Object value(int type, String key) {
        return switch (type) {
            case 0 -> (long) in.u1();
            case 1 -> (long) (byte) in.u1();
            case 2 -> (long) in.u2();
            case 3 -> (long) (short) in.u2();
            case 4 -> Integer.toUnsignedLong(in.i4());
            case 5 -> (long) in.i4();
            case 6 -> (double) Float.intBitsToFloat(in.i4());
            case 7 -> in.u1() != 0;
            case 8 -> in.text(in.i8());
            case ARRAY -> array(key);
            case 10, 11 -> in.i8();
            case 12 -> Double.longBitsToDouble(in.i8());
            default -> throw complaint.damaged("key " + quote(key) + " has a value of the unknown type " + type);
        };
    }

    private Object array(String key) {
        int type = in.i4();
        long count = count(in.i8(), MAX_ITEMS, "items in the list " + quote(key));
        if (type == ARRAY) {
            throw complaint.about(
                    "key " + quote(key) + " is a list of lists", "GGUF has no such key: export the model again");
        }
        if (type == 8) {
            List<String> texts = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                texts.add(in.text(in.i8()));
            }
            return texts;
        }
        in.require(count);
        double[] numbers = new double[(int) count];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (value(type, key)) {
                case Number number -> number.doubleValue();
                case Boolean flag -> flag ? 1 : 0;
                default -> throw complaint.damaged("key " + quote(key) + " is a list of an unknown type");
            };
        }
        return numbers;
    }

    /** A tensor whose {@code begin} is still the offset in the table; {@link #place} makes it absolute. */
    private Entry entry() {
        String name = in.text(in.i8());
        String what = "tensor " + quote(name);
        int rank = in.i4();
        if (rank < 0 || rank > MAX_RANK) {
            throw complaint.damaged(what + " has " + Integer.toUnsignedString(rank) + " dimensions, at most " + MAX_RANK
                    + " are possible");
        }
        List<Long> shape = new ArrayList<>();
        long elements = 1;
        for (int i = 0; i < rank; i++) {
            long size = in.i8();
            if (size < 1
                    || Math.multiplyHigh(elements, size) != 0
                    || elements * size < 0
                    || elements * size > 1L << 50) {
                throw complaint.damaged(what + " has an impossible size " + Long.toUnsignedString(size));
            }
            elements *= size;
            shape.addFirst(size);
        }
        long code = Integer.toUnsignedLong(in.i4());
        long offset = in.i8();
        GgmlType type = GgmlType.of(code)
                .orElseThrow(() -> complaint.about(
                        what + " is of type " + GgmlType.nameOf(code) + ", which is not converted",
                        "choose a file whose tensors are " + List.of(GgmlType.values())));
        Entry entry = new Entry(name, type, shape, offset);
        if (entry.columns() > MAX_COLUMNS) {
            throw complaint.damaged(what + " has rows of " + entry.columns() + " numbers");
        }
        if (entry.columns() % type.blockSize() != 0) {
            throw complaint.damaged(what + " has rows of " + entry.columns() + ", not a multiple of the "
                    + type.blockSize() + " elements of a block of " + type);
        }
        return entry;
    }

    private void place(Entry entry, long dataBegin, long alignment) {
        String what = "tensor " + quote(entry.name());
        long offset = entry.begin();
        if (offset < 0 || offset % alignment != 0) {
            throw complaint.damaged(what + " begins at offset " + Long.toUnsignedString(offset)
                    + ", not a multiple of the alignment " + alignment);
        }
        if (offset > file.length() - dataBegin - entry.byteSize()) {
            throw complaint.damaged(what + " of " + entry.byteSize() + " bytes at offset " + offset
                    + " reaches beyond the end of the file (truncated file?)");
        }
        Entry placed = new Entry(entry.name(), entry.type(), entry.shape(), dataBegin + offset);
        if (tensors.put(entry.name(), placed) != null) {
            throw complaint.damaged(what + " occurs twice");
        }
    }

    private void checkOverlap() {
        List<Entry> inOrder = new ArrayList<>(tensors.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin));
        for (int i = 1; i < inOrder.size(); i++) {
            Entry previous = inOrder.get(i - 1);
            if (previous.begin() + previous.byteSize() > inOrder.get(i).begin()) {
                throw complaint.damaged("tensors " + quote(previous.name()) + " and "
                        + quote(inOrder.get(i).name()) + " overlap");
            }
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
