package org.edgeprune.torch;

import org.edgeprune.io.InputException;

/** Where a tensor lives: {@code cpu} or {@code cuda:N}. */
public record Device(Kind kind, int index) {
    public enum Kind {
        CPU,
        CUDA
    }

    public static final Device CPU = new Device(Kind.CPU, 0);

    public Device {
        if (index < 0 || (kind == Kind.CPU && index != 0)) {
            throw new IllegalArgumentException("no such device: " + kind + " " + index);
        }
    }

    public static Device cuda(int index) {
        return new Device(Kind.CUDA, index);
    }

    /** Reads {@code cpu}, {@code cuda} or {@code cuda:N}. */
    public static Device parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals("cuda")) {
            return cuda(0);
        }
        if (text.matches("cuda:\\d{1,3}")) {
            return cuda(Integer.parseInt(text.substring(5)));
        }
        throw new InputException("unknown device '" + text + "': use cpu, cuda or cuda:N");
    }

    public boolean isCuda() {
        return kind == Kind.CUDA;
    }

    /** The shim's number of the kind of device. */
    int typeCode() {
        return kind == Kind.CPU ? 0 : 1;
    }

    static Device ofCodes(int type, int index) {
        return switch (type) {
            case 0 -> CPU;
            case 1 -> cuda(index);
            default ->
                throw new TorchException(
                        "libtorch returned a tensor on an unsupported device (c10::DeviceType " + type + ")");
        };
    }

    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + index;
    }
}
