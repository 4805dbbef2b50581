package org.edgeprune.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.StrictJson;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Writes safetensors files, atomically ({@link AtomicFile}) and in pieces: of a tensor on another device, or with other
 * strides than row-major ones, a copy is made while it is written, and of no others.
 *
 * <p>The bytes depend only on the tensors and the metadata: the layout is that of the reference implementation, by
 * decreasing alignment of the dtype, then by name, and metadata are sorted by key. Each tensor starts at a multiple of
 * its element size.
 */
public final class SafeTensorsWriter {
    private static final int CHUNK = 1 << 20;

    private SafeTensorsWriter() {}

    /**
     * Writes or replaces a file without metadata; see {@link #write(Path, Map, Map)}.
     *
     * @param file in a directory that exists
     * @param tensors tensors by name
     */
    public static void write(Path file, Map<String, Tensor> tensors) {
        write(file, tensors, Map.of());
    }

    /**
     * Writes or replaces a file.
     *
     * @param file in a directory that exists
     * @param tensors tensors by name; any dtype, device, strides and shape, including empty ones and scalars
     * @param metadata the file's free string map; left out if it is empty
     * @throws InputException if the file cannot be written; the old one is then unchanged
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, UnmadeTensor> made = new HashMap<>();
        tensors.forEach((name, tensor) -> made.put(name, UnmadeTensor.made(tensor)));
        writeUnmade(file, made, metadata);
    }

    /**
     * Writes or replaces a file with a digest of all tensors and metadata in its header, by which
     * {@link SafeTensorsFile#requireDigest} detects any damage. The tensors are read twice.
     *
     * @param file in a directory that exists
     * @param tensors tensors by name
     * @param metadata the file's free string map
     * @throws InputException if the file cannot be written; the old one is then unchanged
     */
    public static void writeWithDigest(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, StreamedTensor> streamed = new TreeMap<>();
        tensors.forEach((name, tensor) -> streamed.put(name, streamed(name, UnmadeTensor.made(tensor))));
        Map<String, TensorInfo> layout =
                layOut(streamed).stream().collect(Collectors.toMap(TensorInfo::name, Function.identity()));
        ContentHash hash = new ContentHash();
        streamed.forEach((name, tensor) -> {
            hash.begin(layout.get(name));
            try {
                tensor.body().writeTo(hash.stream());
            } catch (IOException e) {
                throw new UncheckedIOException("hashing", e);
            }
        });
        hash.metadata(metadata);
        Map<String, String> all = new HashMap<>(metadata);
        all.put(Header.DIGEST, hash.hex());
        writeStreamed(file, streamed, all);
    }

    /**
     * Writes or replaces a file of tensors that are made one by one as they are written, so that only one is in memory.
     *
     * @param file in a directory that exists
     * @param tensors tensors by name
     * @param metadata the file's free string map
     * @throws InputException if the file cannot be written; the old one is then unchanged
     */
    public static void writeUnmade(Path file, Map<String, UnmadeTensor> tensors, Map<String, String> metadata) {
        Map<String, StreamedTensor> streamed = new HashMap<>();
        tensors.forEach((name, tensor) -> streamed.put(name, streamed(name, tensor)));
        writeStreamed(file, streamed, metadata);
    }

    /**
     * Writes or replaces a file of tensors that write their own bytes, one after the other.
     *
     * @param file in a directory that exists
     * @param tensors tensors by name
     * @param metadata the file's free string map
     * @throws InputException if the file cannot be written; the old one is then unchanged
     */
    public static void writeStreamed(Path file, Map<String, StreamedTensor> tensors, Map<String, String> metadata) {
        List<TensorInfo> layout = layOut(tensors);
        byte[] header = header(layout, metadata);
        AtomicFile.write(file, out -> {
            out.write(header);
            for (TensorInfo info : layout) {
                CountedStream counted = new CountedStream(out);
                tensors.get(info.name()).body().writeTo(counted);
                if (counted.count != info.byteSize()) {
                    throw new IllegalStateException(info + ": " + counted.count + " bytes were written");
                }
            }
        });
    }

    /**
     * A tensor that is made when its bytes are asked for.
     *
     * @param name its name, for messages
     * @param tensor makes it
     * @return its bytes
     */
    public static StreamedTensor streamed(String name, UnmadeTensor tensor) {
        return new StreamedTensor(SafeDType.of(tensor.dtype()), tensor.shape(), out -> writeData(name, tensor, out));
    }

    private static final class CountedStream extends FilterOutputStream {
        private long count;

        CountedStream(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            count++;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            count += length;
        }
    }

    private static List<TensorInfo> layOut(Map<String, StreamedTensor> tensors) {
        Comparator<TensorInfo> byAlignment = Comparator.comparing(TensorInfo::dtype, Comparator.reverseOrder());
        List<TensorInfo> unplaced = new ArrayList<>();
        tensors.forEach((name, tensor) ->
                unplaced.add(new TensorInfo(name, tensor.dtype(), tensor.shape(), 0, tensor.byteSize())));
        unplaced.sort(byAlignment.thenComparing(info -> utf8(info.name()), Arrays::compareUnsigned));
        List<TensorInfo> placed = new ArrayList<>();
        long begin = 0;
        for (TensorInfo info : unplaced) {
            long end = Math.addExact(begin, info.byteSize());
            placed.add(new TensorInfo(info.name(), info.dtype(), info.shape(), begin, end));
            begin = end;
        }
        return Collections.unmodifiableList(placed);
    }

    /** The header's length and the header, padded with spaces so that the data starts at a multiple of 8. */
    private static byte[] header(List<TensorInfo> layout, Map<String, String> metadata) {
        layout.forEach(info -> requireUnicode(info.name()));
        metadata.forEach((key, value) -> requireUnicode(key + value));
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonGenerator out = new JsonFactory().createGenerator(json)) {
            out.writeStartObject();
            if (!metadata.isEmpty()) {
                out.writeObjectFieldStart(Header.METADATA);
                for (var entry : new TreeMap<>(metadata).entrySet()) {
                    out.writeStringField(entry.getKey(), entry.getValue());
                }
                out.writeEndObject();
            }
            for (TensorInfo info : layout) {
                if (info.name().equals(Header.METADATA)) {
                    throw new IllegalArgumentException("no tensor can be named " + Header.METADATA);
                }
                long[] shape = info.shape();
                out.writeObjectFieldStart(info.name());
                out.writeStringField("dtype", info.dtype().name());
                out.writeFieldName("shape");
                out.writeArray(shape, 0, shape.length);
                out.writeFieldName("data_offsets");
                out.writeArray(new long[] {info.begin(), info.end()}, 0, 2);
                out.writeEndObject();
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        int length = (json.size() + 7) / 8 * 8;
        if (length > StrictJson.Limits.DEFAULT.bytes()) {
            throw new IllegalArgumentException("the header would have " + length + " bytes, over the format's limit");
        }
        byte[] padded = new byte[8 + length];
        Arrays.fill(padded, (byte) ' ');
        ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(json.toByteArray());
        return padded;
    }

    private static void writeData(String name, UnmadeTensor unmade, OutputStream out) throws IOException {
        long perChunk = CHUNK / unmade.dtype().byteSize();
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open();
                Arena arena = Arena.ofConfined()) {
            Tensor flat = unmade.make(name).to(Device.CPU).contiguous().reshape(-1);
            MemorySegment buffer = arena.allocate(CHUNK, Long.BYTES);
            for (long start = 0; start < flat.elementCount(); start += perChunk) {
                long count = Math.min(perChunk, flat.elementCount() - start);
                MemorySegment chunk = buffer.asSlice(0, count * unmade.dtype().byteSize());
                try (Tensor piece = flat.narrow(0, start, count)) {
                    piece.copyTo(chunk);
                }
                out.write(chunk.toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    private static void requireUnicode(String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException("half a surrogate pair in " + Complaint.quote(text));
        }
    }

    private static byte[] utf8(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
