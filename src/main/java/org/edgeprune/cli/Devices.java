package org.edgeprune.cli;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;

/**
 * What {@code --device} names: one device, or several, each of which gets a copy of the model.
 *
 * @param text as it was given
 * @param named the devices in order; empty for all GPUs of the machine
 */
record Devices(String text, List<Device> named) {
    private static final String ALL = "cuda:all";

    /**
     * Reads {@code cpu}, {@code cuda:1}, {@code cuda:0,cuda:1} or {@code cuda:all}.
     *
     * @throws InputException if the text has another form, or names a device twice
     */
    static Devices parse(String text) {
        if (text.equals(ALL)) {
            return new Devices(text, List.of());
        }
        List<Device> named = Stream.of(text.split(",", -1))
                .map(String::strip)
                .map(Device::parse)
                .toList();
        Set<Device> before = new HashSet<>();
        for (Device device : named) {
            if (!before.add(device)) {
                throw new InputException("device " + device + " is named twice in '" + text + "': "
                        + (device.isCpu()
                                ? "the CPU's cores share one copy of the model; --workers says how many micro-batches run at a time"
                                : "two copies of the model on one GPU would only wait for each other; name it once"));
            }
        }
        return new Devices(text, named);
    }

    /** Those that are there; libtorch is loaded. */
    List<Device> here() {
        if (!named.isEmpty()) {
            return named;
        }
        LibTorch.require(Device.cuda(0));
        return IntStream.range(0, LibTorch.cudaDevices()).mapToObj(Device::cuda).toList();
    }

    /** Whether several are named; how many GPUs the machine has does not count. */
    boolean areSeveral() {
        return named.size() > 1;
    }

    /** @throws InputException if it is not one */
    Device one() {
        List<Device> here = here();
        if (here.size() > 1) {
            throw new InputException(
                    "--device " + text + ": this command computes on one device: name one, such as " + here.getFirst());
        }
        return here.getFirst();
    }
}
