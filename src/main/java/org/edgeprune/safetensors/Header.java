package org.edgeprune.safetensors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.StrictJson;

/**
 * The header of a safetensors file, read and checked against every rule of the format.
 *
 * @param metadata the free string map {@code __metadata__}; empty if there is none
 * @param tensors the tensors by name, in the order of their data
 */
record Header(Map<String, String> metadata, Map<String, TensorInfo> tensors) {
    static final String METADATA = "__metadata__";

    /** The key of the metadata's entry that holds {@link ContentHash} of all tensors and of all other metadata. */
    static final String DIGEST = "sha256";

    /** What libtorch and NumPy can compute with. */
    private static final int MAX_RANK = 64;

    /**
     * Reads a header.
     *
     * @param json its bytes, padding included
     * @param dataLength the number of bytes that follow it in the file
     * @throws org.edgeprune.io.InputException naming the field that breaks a rule
     */
    static Header parse(byte[] json, long dataLength, Complaint complaint) {
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> found = new ArrayList<>();
        try (StrictJson in = new StrictJson(json, "header", StrictJson.Limits.DEFAULT, complaint)) {
            for (String key = in.nextKey(); key != null; key = in.nextKey()) {
                if (key.equals(METADATA)) {
                    readMetadata(in, metadata);
                } else {
                    found.add(readTensor(in, key, complaint));
                }
            }
            in.end();
        }
        // by data, not by position in the header: writers differ; of two at one place the empty tensor is the first
        found.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        checkLayout(found, dataLength, complaint);
        Map<String, TensorInfo> tensors = LinkedHashMap.newLinkedHashMap(found.size());
        found.forEach(info -> tensors.put(info.name(), info));
        return new Header(Collections.unmodifiableMap(metadata), Collections.unmodifiableMap(tensors));
    }

    private static void readMetadata(StrictJson in, Map<String, String> metadata) {
        if (in.isNull()) {
            return; // no metadata, as for the reference implementation
        }
        in.enterObject(METADATA);
        for (String key = in.nextKey(); key != null; key = in.nextKey()) {
            metadata.put(key, in.string(METADATA + " " + Complaint.quote(key)));
        }
    }

    private static TensorInfo readTensor(StrictJson in, String name, Complaint complaint) {
        String tensor = "tensor " + Complaint.quote(name);
        SafeDType dtype = null;
        long[] shape = null;
        long[] offsets = null;
        in.enterObject(tensor);
        for (String key = in.nextKey(); key != null; key = in.nextKey()) {
            String field = tensor + ": " + key;
            switch (key) {
                case "dtype" -> dtype = dtype(in.string(field), tensor, complaint);
                case "shape" -> shape = counts(in, field, MAX_RANK, "dimensions", complaint);
                case "data_offsets" -> offsets = counts(in, field, 2, "entries", complaint);
                default -> in.skip(); // as the reference implementation does
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
            throw complaint.damaged(tensor + ": field " + missing + " is missing");
        }
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw complaint.damaged(tensor + ": data_offsets " + Arrays.toString(offsets) + " are not [begin, end]");
        }
        TensorInfo info = new TensorInfo(name, dtype, shape, offsets[0], offsets[1]);
        checkSize(info, complaint);
        return info;
    }

    private static SafeDType dtype(String name, String tensor, Complaint complaint) {
        try {
            return SafeDType.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw complaint.about(
                    tensor + ": unknown dtype " + Complaint.quote(name),
                    "save the tensor as one of " + Arrays.toString(SafeDType.values()));
        }
    }

    private static long[] counts(StrictJson in, String field, int max, String unit, Complaint complaint) {
        in.enterArray(field);
        long[] counts = new long[max];
        int length = 0;
        while (in.nextElement()) {
            if (length == max) {
                throw complaint.damaged(field + " has more than " + max + " " + unit);
            }
            counts[length++] = in.count(field);
        }
        return Arrays.copyOf(counts, length);
    }

    private static void checkSize(TensorInfo info, Complaint complaint) {
        String what = "tensor " + Complaint.quote(info.name()) + ": shape " + Arrays.toString(info.shape());
        long bits = info.dtype().bits();
        try {
            // strides are products too, and a size of 0 must not hide that they overflow
            for (long size : info.shape()) {
                bits = Math.multiplyExact(bits, Math.max(size, 1));
            }
        } catch (ArithmeticException e) {
            throw complaint.damaged(what + " of " + info.dtype() + " overflows a 64-bit size");
        }
        bits = info.elementCount() * info.dtype().bits();
        if (bits % 8 != 0) {
            throw complaint.damaged(what + " of " + info.dtype() + " does not fill whole bytes");
        }
        if (info.byteSize() != bits / 8) {
            throw complaint.damaged(what + " of " + info.dtype() + " needs " + bits / 8 + " bytes, but data_offsets ["
                    + info.begin() + ", " + info.end() + "] hold " + info.byteSize());
        }
    }

    /** The tensors, sorted by offset, must cover the data exactly: no overlap, no hole, nothing left over. */
    private static void checkLayout(List<TensorInfo> tensors, long dataLength, Complaint complaint) {
        long covered = 0;
        TensorInfo previous = null;
        for (TensorInfo info : tensors) {
            String tensor = "tensor " + Complaint.quote(info.name());
            if (info.end() > dataLength) {
                throw complaint.damaged(tensor + ": data_offsets end at byte " + info.end() + ", but only " + dataLength
                        + " bytes of data are there (truncated file?)");
            }
            if (info.begin() < covered) {
                throw complaint.damaged(tensor + ": data_offsets [" + info.begin() + ", " + info.end()
                        + "] overlap those of tensor " + Complaint.quote(previous.name()));
            }
            if (info.begin() > covered) {
                throw complaint.damaged(tensor + ": data_offsets begin at byte " + info.begin() + " instead of "
                        + covered + ", which leaves a hole");
            }
            covered = info.end();
            previous = info;
        }
        if (covered != dataLength) {
            throw complaint.damaged("data has " + (dataLength - covered) + " bytes left over that belong to no tensor");
        }
    }
}
