package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.edgeprune.convert.PickleValue.Dict;
import org.edgeprune.convert.PickleValue.Flag;
import org.edgeprune.convert.PickleValue.Global;
import org.edgeprune.convert.PickleValue.None;
import org.edgeprune.convert.PickleValue.Other;
import org.edgeprune.convert.PickleValue.Sequence;
import org.edgeprune.convert.PickleValue.Storage;
import org.edgeprune.convert.PickleValue.Tensor;
import org.edgeprune.convert.PickleValue.Text;
import org.edgeprune.convert.PickleValue.Whole;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeDType;

/**
 * Reads pickles of tensors and plain data, protocols 0 to 5. It has no means to name, create or call anything that is
 * not in {@link AllowedGlobal}; a pickle that tries is refused with the name that it refers to.
 *
 * <p>Memory is bounded by the size of the pickle: values are shared, never copied, compared or printed, and nothing
 * recurses.
 */
final class Unpickler {
    private static final int MAX_RANK = 64;
    /** A state dict needs a few dozen instructions for each tensor. */
    private static final int MAX_STEPS = 1 << 25;

    private static final int MAX_INTEGER_BYTES = 1 << 10;

    private final ByteInput in;
    private final List<PickleValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Integer, PickleValue> memo = new HashMap<>();
    private int steps;
    private int skipped;

    private Unpickler(ByteInput in) {
        this.in = in;
    }

    /**
     * Reads one pickle; the input's position is then after it.
     *
     * @throws InputException if it is damaged or contains anything but data and tensors
     */
    static PickleValue read(ByteInput in) {
        try {
            return new Unpickler(in).run();
        } catch (IndexOutOfBoundsException
                | NoSuchElementException
                | ClassCastException
                | ArithmeticException
                | IllegalArgumentException
                | UnsupportedOperationException e) {
            throw new InputException(
                    in.complaint()
                            .damaged("its pickle is invalid at byte " + in.position())
                            .getMessage(),
                    e);
        }
    }

    private PickleValue run() {
        while (true) {
            int op = in.u1();
            if (op == '.') {
                return pop();
            }
            step(op);
            if (++steps > MAX_STEPS) {
                throw in.complaint().damaged("its pickle has more than " + MAX_STEPS + " instructions");
            }
        }
    }

    private void step(int op) {
        switch (op) {
            case 0x80 -> in.u1(); // PROTO
            case 0x95 -> in.i8(); // FRAME
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(peek()); // DUP
            case 'N' -> push(None.NONE);
            case 0x88 -> push(new Flag(true));
            case 0x89 -> push(new Flag(false));
            case 'I' -> integerLine(in.line());
            case 'L' -> push(whole(new BigInteger(digits(in.line().replaceFirst("L$", "")))));
            case 'J' -> push(new Whole(in.i4()));
            case 'K' -> push(new Whole(in.u1()));
            case 'M' -> push(new Whole(in.u2()));
            case 0x8a -> push(whole(in.u1()));
            case 0x8b -> push(whole(in.i4()));
            case 'F' -> other("float", in.line());
            case 'G' -> other("float", in.bigEndianDouble());
            case 'S' -> push(new Text(unquoted(in.line())));
            case 'V' -> push(new Text(in.line()));
            case 'T', 'X' -> push(new Text(in.text(Integer.toUnsignedLong(in.i4())))); // BINSTRING, BINUNICODE
            case 'U', 0x8c -> push(new Text(in.text(in.u1())));
            case 0x8d -> push(new Text(in.text(in.i8())));
            case 'B' -> other("bytes", in.bytes(Integer.toUnsignedLong(in.i4())));
            case 'C' -> other("bytes", in.bytes(in.u1()));
            case 0x8e -> other("bytes", in.bytes(in.i8()));
            case 0x96 -> other("bytearray", in.bytes(in.i8()));
            case ']' -> push(new Sequence(new ArrayList<>()));
            case ')' -> push(new Sequence(List.of()));
            case 'l', 't' -> push(new Sequence(popToMark()));
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case '}' -> push(new Dict(new LinkedHashMap<>()));
            case 'd' -> {
                List<PickleValue> items = popToMark();
                push(new Dict(new LinkedHashMap<>()));
                setItems(items);
            }
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popToMark());
            case 's' -> setItems(tuple(2).items());
            case 'u' -> setItems(popToMark());
            case 0x8f -> push(new Other("set")); // EMPTY_SET
            case 0x90 -> popToMark(); // ADDITEMS: of a set, whose members are not used
            case 0x91 -> other("frozenset", popToMark());
            case 'p' -> memo.put(Integer.valueOf(digits(in.line())), peek());
            case 'q' -> memo.put(in.u1(), peek());
            case 'r' -> memo.put(in.i4(), peek());
            case 0x94 -> memo.put(memo.size(), peek());
            case 'g' -> push(recalled(Integer.valueOf(digits(in.line()))));
            case 'h' -> push(recalled(in.u1()));
            case 'j' -> push(recalled(in.i4()));
            case 'c' -> push(global(in.line(), in.line()));
            case 0x93 -> {
                String name = ((Text) pop()).text();
                push(global(((Text) pop()).text(), name));
            }
            case 'Q' -> push(persistent(pop()));
            case 'R' -> {
                Sequence arguments = (Sequence) pop();
                push(call((Global) pop(), arguments.items()));
            }
            case 'b' -> build();
            case 0x81, 0x92, 'o', 'i', 'P', 0x82, 0x83, 0x84, 0x97, 0x98 ->
                throw refused("uses the pickle instruction " + instruction(op));
            default -> throw in.complaint().damaged("its pickle has an unknown instruction " + op);
        }
    }

    private static String instruction(int op) {
        return switch (op) {
            case 0x81 -> "NEWOBJ, which creates an object";
            case 0x92 -> "NEWOBJ_EX, which creates an object";
            case 'o' -> "OBJ, which creates an object";
            case 'i' -> "INST, which creates an object";
            case 'P' -> "PERSID";
            case 0x97 -> "NEXT_BUFFER";
            case 0x98 -> "READONLY_BUFFER";
            default -> "EXT, which names an object by number";
        };
    }

    private InputException refused(String what) {
        return in.complaint()
                .about(
                        "its pickle " + what + ", but only tensors and plain data are read",
                        "if you trust its author, save the tensors alone in Python: torch.save(model.state_dict(), FILE)");
    }

    private Global global(String module, String name) {
        return AllowedGlobal.of(module, name).orElseThrow(() -> refused("refers to " + quote(module + "." + name)));
    }

    private PickleValue call(Global function, List<PickleValue> a) {
        return switch (function.kind()) {
            case ORDERED_DICT -> orderedDict(a);
            case SIZE -> a.get(0);
            case REBUILD_PARAMETER -> (Tensor) a.get(0);
            case REBUILD_TENSOR, REBUILD_TENSOR_V2 -> {
                Storage storage = (Storage) a.get(0);
                yield tensor(storage, storage.dtype(), a);
            }
            case REBUILD_TENSOR_V3 -> {
                Global dtype = (Global) a.get(6);
                if (dtype.kind() != AllowedGlobal.Kind.DTYPE) {
                    throw in.complaint().damaged("its pickle rebuilds a tensor without a dtype");
                }
                yield tensor((Storage) a.get(0), dtype.dtype(), a);
            }
            case STORAGE, DTYPE -> throw refused("calls a storage or a dtype");
        };
    }

    /** {@code OrderedDict()}, or in protocols 0 and 1 {@code OrderedDict([[key, value], ...])}. */
    private Dict orderedDict(List<PickleValue> arguments) {
        Dict dict = new Dict(new LinkedHashMap<>());
        if (!arguments.isEmpty()) {
            for (PickleValue pair : ((Sequence) arguments.get(0)).items()) {
                List<PickleValue> items = ((Sequence) pair).items();
                put(dict, items.get(0), items.get(1));
            }
        }
        return dict;
    }

    private Tensor tensor(Storage storage, SafeDType dtype, List<PickleValue> a) {
        long offset = ((Whole) a.get(1)).number();
        List<Long> shape = wholes(a.get(2));
        List<Long> strides = wholes(a.get(3));
        String what = "a tensor of shape " + shape + ", strides " + strides + ", offset " + offset + " in storage "
                + quote(storage.key()) + " of " + storage.count() + " elements";
        if (shape.size() != strides.size() || offset < 0) {
            throw in.complaint().damaged("has " + what + ", which is impossible");
        }
        long elements = 1;
        long last = offset;
        try {
            for (int i = 0; i < shape.size(); i++) {
                long size = shape.get(i);
                if (size < 0 || strides.get(i) < 0) {
                    throw in.complaint().damaged("has " + what + ", with a negative size or stride");
                }
                elements = Math.multiplyExact(elements, size);
                if (size > 0) {
                    last = Math.addExact(last, Math.multiplyExact(size - 1, strides.get(i)));
                }
            }
        } catch (ArithmeticException e) {
            throw in.complaint().damaged("has " + what + ", which overflows a 64-bit size");
        }
        long stored = storage.byteSize() / (dtype.bits() / 8);
        if (elements > 0 && last >= stored) {
            throw in.complaint().damaged("has " + what + ", which reaches beyond it");
        }
        if (elements > stored) {
            throw in.complaint()
                    .about(
                            "has " + what + ", which repeats elements (expand)",
                            "save it contiguous: tensor.clone().contiguous()");
        }
        return new Tensor(storage, dtype, offset, shape, strides);
    }

    private List<Long> wholes(PickleValue value) {
        List<PickleValue> items = ((Sequence) value).items();
        if (items.size() > MAX_RANK) {
            throw in.complaint().damaged("has a tensor of " + items.size() + " dimensions");
        }
        return items.stream().map(item -> ((Whole) item).number()).toList();
    }

    /** {@code ('storage', type, key, location, count)}, and in the old format a view of another storage. */
    private Storage persistent(PickleValue id) {
        List<PickleValue> parts = ((Sequence) id).items();
        String kind = ((Text) parts.get(0)).text();
        if (!kind.equals("storage")) {
            throw refused("refers to a persistent " + quote(kind));
        }
        Global type = (Global) parts.get(1);
        if (type.kind() != AllowedGlobal.Kind.STORAGE) {
            throw in.complaint().damaged("its pickle names a storage that does not have a storage type");
        }
        if (parts.size() > 5 && parts.get(5) != None.NONE) {
            throw in.complaint()
                    .about(
                            "has a storage that is a view of another one, as PyTorch before 0.4 wrote",
                            "load it in Python and save it again with torch.save");
        }
        String key = ((Text) parts.get(2)).text();
        Storage storage = new Storage(key, type.dtype(), ((Whole) parts.get(4)).number());
        if (storage.count() < 0 || storage.byteSize() < 0) {
            throw in.complaint().damaged("storage " + quote(key) + " has " + storage.count() + " elements");
        }
        return storage;
    }

    /** Sets attributes. Saved state dicts have only an OrderedDict's version metadata, which is not needed. */
    private void build() {
        PickleValue state = pop();
        if (!(peek() instanceof Dict) || !(state instanceof Dict)) {
            throw refused("sets the state of an object (BUILD)");
        }
    }

    private void setItems(List<PickleValue> items) {
        Dict dict = (Dict) peek();
        for (int i = 0; i < items.size(); i += 2) {
            put(dict, items.get(i), items.get(i + 1));
        }
    }

    private void put(Dict dict, PickleValue key, PickleValue value) {
        // weights never have other keys, such as the numbers of an optimiser's states
        String name = key instanceof Text text ? text.text() : "(entry " + ++skipped + ")";
        dict.entries().put(name, value);
    }

    private void append(List<PickleValue> items) {
        ((Sequence) peek()).items().addAll(items);
    }

    private void push(PickleValue value) {
        stack.add(value);
    }

    private PickleValue peek() {
        return stack.getLast();
    }

    private PickleValue pop() {
        return stack.removeLast();
    }

    private Sequence tuple(int size) {
        List<PickleValue> top = stack.subList(stack.size() - size, stack.size());
        List<PickleValue> items = new ArrayList<>(top);
        top.clear();
        return new Sequence(items);
    }

    private List<PickleValue> popToMark() {
        return tuple(stack.size() - marks.removeLast()).items();
    }

    private PickleValue recalled(int index) {
        PickleValue value = memo.get(index);
        if (value == null) {
            throw in.complaint().damaged("its pickle recalls value " + index + ", which it has not stored");
        }
        return value;
    }

    private void integerLine(String line) {
        push(
                line.equals("00") || line.equals("01")
                        ? new Flag(line.equals("01"))
                        : whole(new BigInteger(digits(line))));
    }

    private String digits(String line) {
        if (!line.matches("[+-]?\\d{1,30}")) {
            throw in.complaint().damaged("its pickle has the number " + quote(line));
        }
        return line;
    }

    private PickleValue whole(int length) {
        if (length < 0 || length > MAX_INTEGER_BYTES) {
            throw in.complaint().damaged("its pickle has a number of " + length + " bytes");
        }
        byte[] little = in.bytes(length);
        byte[] big = new byte[length];
        for (int i = 0; i < length; i++) {
            big[i] = little[length - 1 - i];
        }
        return length == 0 ? new Whole(0) : whole(new BigInteger(big));
    }

    private static PickleValue whole(BigInteger number) {
        return number.bitLength() < Long.SIZE ? new Whole(number.longValue()) : new Other("int " + number);
    }

    private void other(String kind, Object ignored) {
        push(new Other(kind));
    }

    private String unquoted(String line) {
        if (line.length() < 2) {
            throw in.complaint().damaged("its pickle has a text without quotes");
        }
        return line.substring(1, line.length() - 1);
    }
}
