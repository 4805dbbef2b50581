package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.edgeprune.convert.PickleValue.Dict;
import org.edgeprune.convert.PickleValue.Flag;
import org.edgeprune.convert.PickleValue.Other;
import org.edgeprune.convert.PickleValue.Sequence;
import org.edgeprune.convert.PickleValue.Storage;
import org.edgeprune.convert.PickleValue.Tensor;
import org.edgeprune.convert.PickleValue.Text;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.FileContent;
import org.edgeprune.safetensors.StreamedTensor;

/**
 * A file of {@code torch.save}: a zip archive, or the sequence of pickles that PyTorch wrote before 1.6.
 * {@link Unpickler} reads the saved object; the data of tensors stay in the file until they are written elsewhere.
 */
final class TorchFile implements AutoCloseable {
    /** The first value of the old format. */
    private static final Other MAGIC = new Other("int " + new java.math.BigInteger("1950a86a20f9469cfc6c", 16));

    private static final String PICKLE_ENTRY = "data.pkl";
    private static final long MAX_PICKLE = 1 << 28;

    private final SourceFile file;
    private final Complaint complaint;
    private final PickleValue root;
    private final Map<String, Extent> storages = new HashMap<>();

    /** The position of a storage's bytes; {@code check} is run before they are first used. */
    private record Extent(long begin, long size, Runnable check) {}

    private final Set<String> checked = new HashSet<>();

    private TorchFile(SourceFile file) {
        this.file = file;
        this.complaint = file.complaint();
        this.root = switch (FileContent.of(file.path())) {
            case ZIP -> readZip();
            case PICKLE -> readPickles();
            case LFS_POINTER ->
                throw complaint.about(
                        "is a Git LFS pointer, not the checkpoint itself",
                        "run 'git lfs pull' in the clone, or download the file");
            case EMPTY -> throw complaint.damaged("the file is empty");
            default -> throw complaint.damaged("is not a file of torch.save");
        };
    }

    /**
     * Opens a file and reads its object.
     *
     * @throws InputException if it is damaged, or contains anything but tensors and plain data
     */
    static TorchFile open(Path path) {
        SourceFile file = SourceFile.open(path);
        try {
            return new TorchFile(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    Path path() {
        return file.path();
    }

    /** The saved object. */
    PickleValue root() {
        return root;
    }

    /** A tensor of this file, row-major. */
    StreamedTensor stream(String name, Tensor tensor) {
        long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
        Extent extent = storages.get(tensor.storage().key());
        if (extent == null) {
            throw complaint.damaged("tensor " + quote(name) + ": its storage "
                    + quote(tensor.storage().key()) + " is not in the file");
        }
        if (tensor.storage().byteSize() > extent.size()) {
            throw complaint.damaged("tensor " + quote(name) + ": its storage should have "
                    + tensor.storage().byteSize() + " bytes and has " + extent.size());
        }
        StridedCopy copy = new StridedCopy(file, extent.begin(), tensor, name);
        return new StreamedTensor(tensor.dtype(), shape, out -> {
            if (checked.add(tensor.storage().key())) {
                extent.check().run();
            }
            copy.writeTo(out);
        });
    }

    private PickleValue readZip() {
        StoredZip zip = new StoredZip(file);
        StoredZip.Entry pickle = zip.entries().values().stream()
                .filter(entry -> entry.name().matches("([^/]+/)?" + PICKLE_ENTRY.replace(".", "\\.")))
                .findFirst()
                .orElseThrow(() -> complaint.about(
                        "is a zip archive without " + PICKLE_ENTRY + ", so torch.save did not write it",
                        "name the checkpoint itself"));
        if (pickle.size() > MAX_PICKLE) {
            throw complaint.damaged(PICKLE_ENTRY + " has " + pickle.size() + " bytes, too many for a state dict");
        }
        String folder = pickle.name().substring(0, pickle.name().length() - PICKLE_ENTRY.length());
        if (zip.entries().containsKey(folder + "constants.pkl")) {
            throw complaint.about(
                    "is a TorchScript archive, which contains a program",
                    "save the tensors in Python: torch.save(torch.jit.load(FILE).state_dict(), FILE)");
        }
        StoredZip.Entry order = zip.entries().get(folder + "byteorder");
        if (order != null && order.size() < 16) {
            requireLittleEndian(new String(file.read(order.begin(), (int) order.size()), StandardCharsets.US_ASCII)
                    .strip()
                    .equals("little"));
        }
        String data = folder + "data/";
        zip.entries().values().stream()
                .filter(entry -> entry.name().startsWith(data))
                .forEach(entry -> storages.put(
                        entry.name().substring(data.length()),
                        new Extent(entry.begin(), entry.size(), () -> zip.verify(entry))));
        zip.verify(pickle);
        return Unpickler.read(new ByteInput(file, "pickle", pickle.begin(), pickle.begin() + pickle.size()));
    }

    /**
     * The old format: a magic number, a protocol number, facts about the machine, the object and the storages' keys,
     * then the storages' data.
     */
    private PickleValue readPickles() {
        long[] at = {0};
        if (!next(at).equals(MAGIC)) {
            throw complaint.about(
                    "is a bare pickle, not a file of torch.save", "save the tensors in Python with torch.save");
        }
        next(at);
        if (next(at) instanceof Dict machine && machine.entries().get("little_endian") instanceof Flag little) {
            requireLittleEndian(little.value());
        }
        ByteInput object = new ByteInput(file, "pickle", at[0], file.length());
        PickleValue saved = Unpickler.read(object);
        at[0] = object.position();
        Map<String, Storage> known = new HashMap<>();
        TensorWalk.forEach(saved, tensor -> known.put(tensor.storage().key(), tensor.storage()));
        if (!(next(at) instanceof Sequence keys)) {
            throw complaint.damaged("its list of storages is missing");
        }
        long position = at[0];
        for (PickleValue item : keys.items()) {
            if (!(item instanceof Text key) || !known.containsKey(key.text())) {
                throw complaint.damaged("its list of storages names one that no tensor uses");
            }
            Storage storage = known.get(key.text());
            long count = ByteBuffer.wrap(file.read(position, Long.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong();
            long begin = position + Long.BYTES;
            if (count != storage.count() || storage.byteSize() > file.length() - begin) {
                throw complaint.damaged("storage " + quote(key.text()) + " should have " + storage.count()
                        + " elements at byte " + begin + " of " + file.length() + " (truncated file?)");
            }
            storages.put(key.text(), new Extent(begin, storage.byteSize(), () -> {}));
            position = begin + storage.byteSize();
        }
        return saved;
    }

    private PickleValue next(long[] at) {
        ByteInput in = new ByteInput(file, "pickle", at[0], file.length());
        PickleValue value = Unpickler.read(in);
        at[0] = in.position();
        return value;
    }

    private void requireLittleEndian(boolean little) {
        if (!little) {
            throw complaint.about(
                    "was saved on a big-endian machine", "load it in Python and save it again on a little-endian one");
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
