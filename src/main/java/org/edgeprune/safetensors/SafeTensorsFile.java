package org.edgeprune.safetensors;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.FileStamp;
import org.edgeprune.io.InputException;
import org.edgeprune.io.StrictJson;
import org.edgeprune.io.Uninterrupted;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * One open safetensors file: memory-mapped and checked when opened, its tensors handed out by name without a copy.
 *
 * <p>Opening reads only the header; data is paged in when a tensor is used. Any number of threads and processes may
 * read one file.
 *
 * <p><b>Lifetime.</b> What {@link #tensor} returns lies in the mapping: it, and every view of it, can be used only
 * while this file is open (later uses throw {@link IllegalStateException}), and only for reading. {@link #load} copies,
 * and its result is an ordinary tensor. Nobody may truncate the file meanwhile: that is found whenever a tensor is
 * asked for, but an operation that runs into the missing pages ends the process. {@link SafeTensorsWriter} replaces
 * files, and so never disturbs a reader.
 *
 * <p><b>Errors.</b> A file that is missing, malformed, truncated or without the wanted tensor is an
 * {@link InputException} of one line that names the file and the field.
 */
public final class SafeTensorsFile implements AutoCloseable {
    private static final int LENGTH_BYTES = 8;
    private static final int CHUNK = 1 << 18;
    /** Enough of a file to tell what it is. */
    private static final int HEAD = 512;

    private final Path file;
    private final Complaint complaint;
    /** Kept open for its length: pages of the mapping that a truncation took away must not be touched. */
    private final RandomAccessFile open;

    private final FileStamp stamp;
    private final long length;
    private final Header header;
    private final Arena arena;
    private final MemorySegment data;

    private SafeTensorsFile(Path file, FileStamp stamp, RandomAccessFile open, Arena arena) throws IOException {
        this.file = file;
        this.stamp = stamp;
        this.complaint = new Complaint(file);
        this.open = open;
        this.arena = arena;
        this.length = open.length();
        byte[] json = readHeader();
        long dataStart = LENGTH_BYTES + (long) json.length;
        this.header = Header.parse(json, length - dataStart, complaint);
        this.data = open.getChannel().map(MapMode.READ_ONLY, dataStart, length - dataStart, arena);
    }

    /**
     * Opens a file.
     *
     * @param file the file
     * @return the file, to be closed
     * @throws InputException if it is missing, unreadable, a pickle, or breaks any rule of the format
     */
    public static SafeTensorsFile open(Path file) {
        Complaint complaint = new Complaint(file);
        if (Files.isDirectory(file)) {
            throw complaint.about("is a directory", "name a .safetensors file");
        }
        if (Files.notExists(file)) {
            throw complaint.about("no such file", "check the path");
        }
        if (!Files.isRegularFile(file)) {
            throw complaint.about("is not a regular file", "name a .safetensors file");
        }
        if (ForeignWeights.isNamedLikePickle(file)) {
            throw ForeignWeights.pickle(file);
        }
        try {
            return Uninterrupted.run(() -> map(file));
        } catch (IOException e) {
            throw complaint.about("cannot be read (" + e.getMessage() + ")", "check the file and its permissions", e);
        }
    }

    @SuppressWarnings("MustBeClosed") // the arena becomes the file's, which closes it
    private static SafeTensorsFile map(Path file) throws IOException {
        FileStamp stamp = FileStamp.of(file);
        RandomAccessFile open = new RandomAccessFile(file.toFile(), "r");
        Arena arena = Arena.ofShared();
        try {
            return new SafeTensorsFile(file, stamp, open, arena);
        } catch (Throwable e) {
            arena.close();
            open.close();
            throw e;
        }
    }

    private byte[] readHeader() throws IOException {
        if (length < LENGTH_BYTES) {
            refuseForeign();
            throw complaint.damaged(
                    length == 0
                            ? "the file is empty"
                            : "the file has " + length + " bytes, too few for the 8-byte header length");
        }
        byte[] start = new byte[LENGTH_BYTES];
        open.readFully(start);
        long size = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
        boolean tooLarge = size < 0 || size > StrictJson.Limits.DEFAULT.bytes();
        if (tooLarge || size > length - LENGTH_BYTES) {
            refuseForeign();
            throw complaint.damaged("header length " + Long.toUnsignedString(size)
                    + (tooLarge
                            ? " is over the limit of " + StrictJson.Limits.DEFAULT.bytes() + " bytes"
                            : " reaches beyond the end of the file, which has " + length + " bytes"));
        }
        byte[] json = new byte[(int) size];
        open.readFully(json);
        return json;
    }

    /** The length that such a file seems to state is that of no safetensors file; its text says more. */
    private void refuseForeign() throws IOException {
        open.seek(0);
        byte[] head = new byte[(int) Math.min(HEAD, length)];
        open.readFully(head);
        Optional<InputException> foreign = ForeignWeights.refuse(file, head);
        if (foreign.isPresent()) {
            throw foreign.get();
        }
    }

    /**
     * The file's path.
     *
     * @return as given
     */
    public Path path() {
        return file;
    }

    /**
     * The names of the tensors.
     *
     * @return in the order of their data
     */
    public List<String> names() {
        return List.copyOf(header.tensors().keySet());
    }

    /**
     * Whether there is a tensor of a name.
     *
     * @param name the name
     * @return whether {@link #info} would find it
     */
    public boolean contains(String name) {
        return header.tensors().containsKey(name);
    }

    /**
     * The file's free string map, {@code __metadata__}.
     *
     * @return empty if it has none
     */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * What the header says about a tensor.
     *
     * @param name its name
     * @return its dtype, shape and position
     * @throws InputException if there is no such tensor
     */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw complaint.about(
                    "no tensor " + Complaint.quote(name) + " among its "
                            + header.tensors().size(),
                    "check that the file belongs to this model");
        }
        return info;
    }

    /**
     * A tensor of the file, on the CPU, in its stored shape. If its type is one of {@link DType}'s, it is a read-only
     * view of the mapping, valid while the file is open. If it is stored in a narrower type or not aligned to its
     * element size, it is a copy (see {@link SafeDType#tensorType}).
     *
     * @param name its name
     * @return the tensor, owned by the current scope
     * @throws InputException if there is no such tensor, if no {@link DType} can represent its values, if a BOOL is
     *     neither 0 nor 1, or if the file was truncated since it was opened
     */
    public Tensor tensor(String name) {
        TensorInfo info = info(name);
        DType type = info.dtype()
                .tensorType()
                .orElseThrow(() -> complaint.about(
                        "tensor " + Complaint.quote(name) + ": no tensor can be made of dtype " + info.dtype(),
                        "save it as F32, F16 or BF16, or as I64 if it holds integers"));
        MemorySegment bytes = bytes(info);
        if (info.dtype() == SafeDType.BOOL) {
            checkBooleans(info, bytes);
        }
        if (info.byteSize() == 0) {
            return Tensor.empty(type, Device.CPU, info.shape());
        }
        boolean aligned = bytes.address() % type.byteSize() == 0;
        if (info.dtype().isNative() && aligned) {
            return Tensor.wrap(bytes, type, info.shape());
        }
        try (Arena scratch = Arena.ofConfined();
                Tensor converted = Tensor.wrap(converted(info, bytes, type, scratch), type, info.shape())) {
            return converted.copy();
        }
    }

    /**
     * A copy of a tensor of the file, which is valid after the file is closed, and writable.
     *
     * @param name its name
     * @param dtype dtype of the copy
     * @param device device of the copy
     * @return the copy, owned by the current scope
     * @throws InputException as {@link #tensor}, and if the conversion would lose integers or fractions (a
     *     floating-point tensor as integers, integers as a narrower type)
     */
    public Tensor load(String name, DType dtype, Device device) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor stored = tensor(name);
            DType from = stored.dtype();
            boolean lossy = from != dtype
                    && !dtype.isFloatingPoint()
                    && (from.isFloatingPoint() || dtype == DType.BOOL || dtype.byteSize() < from.byteSize());
            if (lossy) {
                throw complaint.about(
                        "tensor " + Complaint.quote(name) + " is stored as "
                                + info(name).dtype() + ", which " + SafeDType.of(dtype) + " cannot hold",
                        "check that the file belongs to this model");
            }
            boolean same = from == dtype && device.equals(Device.CPU);
            return scope.keep(same ? stored.copy() : stored.to(device).to(dtype));
        }
    }

    /**
     * Reads a tensor's pages of the mapping, because it will soon be used. Any thread may call it, as long as the file
     * is not closed meanwhile.
     *
     * @param name the tensor's name
     */
    public void prefetch(String name) {
        TensorInfo info = info(name);
        if (info.byteSize() > 0) {
            bytes(info).load();
        }
    }

    /**
     * Allows a tensor's pages of the mapping to leave memory. The tensor and its views can still be used, which reads
     * the pages again.
     *
     * @param name the tensor's name
     */
    public void unload(String name) {
        TensorInfo info = info(name);
        if (info.byteSize() > 0 && arena.scope().isAlive()) {
            // also where the file was truncated: no page is touched
            data.asSlice(info.begin(), info.byteSize()).unload();
        }
    }

    /**
     * Whether the header contains a digest of the contents, see {@link SafeTensorsWriter#writeWithDigest}.
     *
     * @return whether {@link #requireDigest} can check the file
     */
    public boolean hasDigest() {
        return metadata().containsKey(Header.DIGEST);
    }

    /**
     * Compares tensors and metadata with the digest in the header. Reads every byte.
     *
     * @throws InputException if they are not those that were written with the digest
     */
    public void requireDigest() {
        Map<String, String> others = new HashMap<>(metadata());
        String digest = others.remove(Header.DIGEST);
        ContentHash hash = new ContentHash();
        for (String name : new TreeSet<>(names())) {
            hash(name, hash);
        }
        hash.metadata(others);
        if (!hash.hex().equals(digest)) {
            throw complaint.damaged("tensors or metadata are not those of the digest in its header");
        }
    }

    /**
     * Checks that the file was neither written to nor replaced since it was opened, so that everything that was
     * computed with its tensors comes from one content. Takes a few microseconds.
     *
     * @throws InputException if its size, its time or the file behind its name changed
     */
    public void requireUnchanged() {
        boolean same;
        try {
            same = stamp.equals(FileStamp.of(file));
        } catch (IOException e) {
            same = false;
        }
        if (!same) {
            throw complaint.about(
                    "was written to, replaced or removed while it was in use",
                    "put the file back and run again; nothing that was computed since is kept");
        }
    }

    /**
     * Adds a tensor's name, dtype, shape and bytes to a hash. Pages leave memory as they are done with, so that hashing
     * a checkpoint that another mapping has in memory does not take its size once more.
     */
    void hash(String name, ContentHash hash) {
        TensorInfo info = info(name);
        MemorySegment bytes = bytes(info);
        hash.begin(info);
        forEachChunk(info, bytes, (chunk, count, offset) -> {
            hash.update(chunk, count);
            // from the chunk before on: the system maps pages on either side of one that is read
            long first = Math.max(0, offset - CHUNK);
            bytes.asSlice(first, offset + count - first).unload();
        });
    }

    /** The tensor's bytes in the mapping: a slice, so that no access can leave it. */
    MemorySegment bytes(TensorInfo info) {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(file + " is closed");
        }
        long now;
        try {
            now = open.length();
        } catch (IOException e) {
            throw complaint.about("cannot be read (" + e.getMessage() + ")", "check the file system", e);
        }
        if (now < length) {
            throw truncated(null);
        }
        return data.asSlice(info.begin(), info.byteSize());
    }

    private void checkBooleans(TensorInfo info, MemorySegment bytes) {
        // to C++ a bool of another value is undefined behaviour
        forEachChunk(info, bytes, (chunk, count, offset) -> {
            for (int i = 0; i < count; i++) {
                if ((chunk[i] & ~1) != 0) {
                    throw complaint.damaged("tensor " + Complaint.quote(info.name()) + ": BOOL element " + (offset + i)
                            + " is " + (chunk[i] & 0xff) + ", not 0 or 1");
                }
            }
        });
    }

    private MemorySegment converted(TensorInfo info, MemorySegment bytes, DType type, Arena scratch) {
        MemorySegment target = scratch.allocate(info.elementCount() * type.byteSize(), type.byteSize());
        forEachChunk(
                info,
                bytes,
                (chunk, count, offset) ->
                        Widening.widen(MemorySegment.ofArray(chunk).asSlice(0, count), info.dtype(), target, offset));
        return target;
    }

    private interface ChunkUser {
        /** Uses {@code count} bytes that lie at {@code offset} in the tensor. */
        void use(byte[] chunk, int count, long offset);
    }

    /** Reads a tensor through the heap, so that a truncation under our hands is an error of Java, not a signal. */
    private void forEachChunk(TensorInfo info, MemorySegment bytes, ChunkUser user) {
        byte[] chunk = new byte[(int) Math.min(CHUNK, info.byteSize())];
        for (long offset = 0; offset < info.byteSize(); offset += chunk.length) {
            int count = (int) Math.min(chunk.length, info.byteSize() - offset);
            try {
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, chunk, 0, count);
            } catch (InternalError e) {
                throw truncated(e);
            }
            user.use(chunk, count, offset);
        }
    }

    private InputException truncated(Throwable cause) {
        return complaint.about(
                "was truncated after it was opened, from " + length + " bytes", Complaint.REPLACE, cause);
    }

    /** Unmaps the file: tensors that {@link #tensor} returned must not be used any more. May be called twice. */
    @Override
    public synchronized void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
        try {
            open.close();
        } catch (IOException e) {
            throw complaint.about("cannot be closed (" + e.getMessage() + ")", "check the file system", e);
        }
    }

    @Override
    public String toString() {
        return file + " (" + header.tensors().size() + " tensors)";
    }
}
