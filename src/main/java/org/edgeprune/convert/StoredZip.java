package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * The directory of a zip archive of {@code torch.save}, whose entries are stored without compression, so that they can
 * be read in place. Nothing is unpacked. Compressed and encrypted entries, overlapping entries and names that lead out
 * of the archive are refused.
 */
final class StoredZip {
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR_BYTES = 20;
    private static final int END_64_BYTES = 56;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final long MAX_DIRECTORY = 1 << 26;
    private static final long UNSIGNED_INT = 0xFFFFFFFFL;

    /** An entry and the position of its bytes in the file. */
    record Entry(String name, long begin, long size, long crc) {}

    private final SourceFile file;
    private final Complaint complaint;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    StoredZip(SourceFile file) {
        this.file = file;
        this.complaint = file.complaint();
        readDirectory();
    }

    Map<String, Entry> entries() {
        return entries;
    }

    /**
     * Checks the CRC-32 of an entry.
     *
     * @throws InputException if it is wrong
     */
    void verify(Entry entry) {
        if (file.crc32(entry.begin(), entry.size()) != entry.crc()) {
            throw complaint.damaged("zip entry " + quote(entry.name()) + ": its CRC-32 is wrong");
        }
    }

    private void readDirectory() {
        int tail = (int) Math.min(file.length(), END_BYTES + 0xFFFF);
        long tailBegin = file.length() - tail;
        ByteBuffer end = bytes(tailBegin, tail);
        int at = tail - END_BYTES;
        while (at >= 0 && end.getInt(at) != END) {
            at--;
        }
        if (at < 0) {
            throw complaint.damaged("is a zip archive without its directory, which is at the end (truncated file?)");
        }
        long count = Short.toUnsignedLong(end.getShort(at + 10));
        long size = Integer.toUnsignedLong(end.getInt(at + 12));
        long begin = Integer.toUnsignedLong(end.getInt(at + 16));
        long endBegin = tailBegin + at;
        if (endBegin >= LOCATOR_BYTES
                && bytes(endBegin - LOCATOR_BYTES, LOCATOR_BYTES).getInt(0) == LOCATOR_64) {
            long end64 = bytes(endBegin - LOCATOR_BYTES, LOCATOR_BYTES).getLong(8);
            ByteBuffer wide = bytes(end64, END_64_BYTES);
            if (wide.getInt(0) != END_64) {
                throw complaint.damaged("its zip64 directory is not where the archive states");
            }
            count = wide.getLong(32);
            size = wide.getLong(40);
            begin = wide.getLong(48);
        }
        boolean possible = size >= 0 && size <= MAX_DIRECTORY && count >= 0 && count <= size / CENTRAL_BYTES;
        if (!possible || begin < 0 || begin > endBegin - size) {
            throw complaint.damaged("its zip directory of " + count + " entries in " + size + " bytes at byte " + begin
                    + " does not fit the file");
        }
        readEntries(bytes(begin, (int) size), count, begin);
    }

    private void readEntries(ByteBuffer directory, long count, long directoryBegin) {
        int at = 0;
        for (long i = 0; i < count; i++) {
            if (at > directory.capacity() - CENTRAL_BYTES || directory.getInt(at) != CENTRAL) {
                throw complaint.damaged("its zip directory ends early at entry " + i + " of " + count);
            }
            int nameLength = Short.toUnsignedInt(directory.getShort(at + 28));
            int extraLength = Short.toUnsignedInt(directory.getShort(at + 30));
            int next = at + CENTRAL_BYTES + nameLength + extraLength + Short.toUnsignedInt(directory.getShort(at + 32));
            if (next > directory.capacity()) {
                throw complaint.damaged("its zip directory ends early at entry " + i + " of " + count);
            }
            add(directory, at, nameLength, extraLength, directoryBegin);
            at = next;
        }
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin));
        for (int i = 1; i < inOrder.size(); i++) {
            Entry previous = inOrder.get(i - 1);
            if (previous.begin() + previous.size() > inOrder.get(i).begin()) {
                throw complaint.damaged("zip entries " + quote(previous.name()) + " and "
                        + quote(inOrder.get(i).name()) + " overlap");
            }
        }
    }

    private void add(ByteBuffer directory, int at, int nameLength, int extraLength, long directoryBegin) {
        byte[] nameBytes = new byte[nameLength];
        directory.get(at + CENTRAL_BYTES, nameBytes);
        String name = new String(nameBytes, StandardCharsets.UTF_8);
        String what = "zip entry " + quote(name);
        if (name.startsWith("/")
                || name.contains("\\")
                || List.of(name.split("/")).contains("..")) {
            throw complaint.about(
                    what + " leads out of the archive", "this is not a checkpoint of torch.save: do not use it");
        }
        int method = Short.toUnsignedInt(directory.getShort(at + 10));
        boolean encrypted = (directory.getShort(at + 8) & 1) != 0;
        if (encrypted || method != 0) {
            throw complaint.about(
                    what + " is " + (encrypted ? "encrypted" : "compressed (method " + method + ")")
                            + ", but torch.save does not compress",
                    "load it in Python and save it again with torch.save");
        }
        long crc = Integer.toUnsignedLong(directory.getInt(at + 16));
        long packed = Integer.toUnsignedLong(directory.getInt(at + 20));
        long size = Integer.toUnsignedLong(directory.getInt(at + 24));
        long header = Integer.toUnsignedLong(directory.getInt(at + 42));
        ByteBuffer wide = zip64(directory, at + CENTRAL_BYTES + nameLength, extraLength);
        size = size == UNSIGNED_INT ? next(wide, what) : size;
        packed = packed == UNSIGNED_INT ? next(wide, what) : packed;
        header = header == UNSIGNED_INT ? next(wide, what) : header;
        if (size < 0 || size != packed || header < 0 || header > directoryBegin - LOCAL_BYTES) {
            throw complaint.damaged(what + ": its sizes or its position are impossible");
        }
        ByteBuffer local = bytes(header, LOCAL_BYTES);
        long begin = header
                + LOCAL_BYTES
                + Short.toUnsignedLong(local.getShort(26))
                + Short.toUnsignedLong(local.getShort(28));
        if (local.getInt(0) != LOCAL || begin > directoryBegin - size) {
            throw complaint.damaged(
                    what + ": its " + size + " bytes are not where the directory states (truncated file?)");
        }
        if (entries.put(name, new Entry(name, begin, size, crc)) != null) {
            throw complaint.damaged(what + " occurs twice");
        }
    }

    /** The extra field with sizes beyond 4 GB; empty if there is none. */
    private static ByteBuffer zip64(ByteBuffer directory, int begin, int length) {
        int at = begin;
        while (at <= begin + length - 4) {
            int size = Short.toUnsignedInt(directory.getShort(at + 2));
            if (directory.getShort(at) == 1 && at + 4 + size <= begin + length) {
                return directory.slice(at + 4, size).order(ByteOrder.LITTLE_ENDIAN);
            }
            at += 4 + size;
        }
        return ByteBuffer.allocate(0);
    }

    private long next(ByteBuffer wide, String what) {
        if (wide.remaining() < Long.BYTES) {
            throw complaint.damaged(what + ": its size in zip64 is missing");
        }
        return wide.getLong();
    }

    private ByteBuffer bytes(long at, int count) {
        return ByteBuffer.wrap(file.read(at, count)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
