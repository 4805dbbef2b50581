package org.edgeprune.torch;

import org.edgeprune.io.InputException;

/**
 * The device of a tensor: {@code cpu}, {@code cuda:N}, or {@code meta}, whose tensors have no elements.
 *
 * @param kind the kind of device
 * @param index number of the GPU, from 0; 0 for other kinds
 */
public record Device(Kind kind, int index) {
    /** The kind of device. */
    public enum Kind {
        /** The machine's own memory. */
        CPU,
        /** An NVIDIA GPU. */
        CUDA,
        /** None at all: tensors have sizes and a dtype, but no elements. */
        META
    }

    /** The CPU. */
    public static final Device CPU = new Device(Kind.CPU, 0);

    /**
     * Operations on tensors of this device compute sizes, dtypes and graphs of gradients, and copying elements to the
     * host is an error. What runs here needs no element on the host, and mixes no devices.
     */
    public static final Device META = new Device(Kind.META, 0);

    /**
     * Checks the index.
     *
     * @throws IllegalArgumentException if it is negative, or not 0 for another kind than a GPU
     */
    public Device {
        if (index < 0 || (kind != Kind.CUDA && index != 0)) {
            throw new IllegalArgumentException("no such device: " + kind + " " + index);
        }
    }

    /**
     * A GPU.
     *
     * @param index its number, from 0
     * @return the device
     */
    public static Device cuda(int index) {
        return new Device(Kind.CUDA, index);
    }

    /**
     * Reads {@code cpu}, {@code cuda} (the first GPU) or {@code cuda:N}.
     *
     * @param text the device's name
     * @return the device; whether it exists is only checked when it is used
     * @throws InputException if the text has another form
     */
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

    /**
     * Whether this is the CPU.
     *
     * @return false for all other devices
     */
    public boolean isCpu() {
        return kind == Kind.CPU;
    }

    /**
     * Whether this is a GPU.
     *
     * @return false for all other devices
     */
    public boolean isCuda() {
        return kind == Kind.CUDA;
    }

    /** The shim's number of the kind of device. */
    int typeCode() {
        return switch (kind) {
            case CPU -> 0;
            case CUDA -> 1;
            case META -> 14;
        };
    }

    static Device ofCodes(int type, int index) {
        return switch (type) {
            case 0 -> CPU;
            case 1 -> cuda(index);
            case 14 -> META;
            default ->
                throw new TorchException(
                        "libtorch returned a tensor on an unsupported device (c10::DeviceType " + type + ")");
        };
    }

    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case CUDA -> "cuda:" + index;
            case META -> "meta";
        };
    }
}
