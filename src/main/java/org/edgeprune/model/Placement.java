package org.edgeprune.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;

/**
 * Where one copy of a model is: a worker runs its micro-batches on it ({@link Execution#copies}).
 *
 * @param device device of embeddings, unembedding, residual streams and masks
 * @param layers the devices of the layers, if they are not all on {@code device}
 */
public record Placement(Device device, Optional<DeviceMap> layers) {
    private static final String BETWEEN_COPIES = "/";

    /**
     * A copy on one device.
     *
     * @param device the device
     * @return the placement
     */
    public static Placement on(Device device) {
        return new Placement(device, Optional.empty());
    }

    /**
     * Where each layer is.
     *
     * @return all on {@link #device} if nothing else is said
     */
    public DeviceMap map() {
        return layers.orElseGet(() -> DeviceMap.all(device));
    }

    /**
     * The devices that hold a part of the copy.
     *
     * @return each once, that of the embeddings first
     */
    public Set<Device> devices() {
        Set<Device> devices = new LinkedHashSet<>(Set.of(device));
        map().spans().forEach(span -> devices.add(span.device()));
        return devices;
    }

    /**
     * What about the devices decides the bits of sums: not which GPUs they are.
     *
     * @return their kind, such as {@code cuda}; with the layers on each where there are several kinds
     */
    public String kind() {
        List<Device.Kind> kinds =
                devices().stream().map(Device::kind).distinct().toList();
        String name = name(device);
        return kinds.size() == 1
                ? name
                : map().spans().stream()
                        .map(span -> name(span.device()) + (span.layers() == 0 ? "" : "=" + span.layers()))
                        .collect(Collectors.joining(",", name + " with layers on ", ""));
    }

    private static String name(Device device) {
        return device.kind().name().toLowerCase(Locale.ROOT);
    }

    /**
     * Checks that copies compute the same bits, and that none takes memory or time from another.
     *
     * @throws InputException if they are on devices of different kinds, or two of them on one GPU
     */
    static void requireApart(List<Placement> copies) {
        if (copies.isEmpty()) {
            throw new InputException("no device: name at least one");
        }
        Set<Device> taken = new HashSet<>();
        for (Placement copy : copies) {
            copy.devices().stream().filter(Device::isCuda).forEach(device -> {
                if (!taken.add(device)) {
                    throw new InputException("device " + device + " is named for two copies of the model, which would"
                            + " only wait for each other: name each GPU once");
                }
            });
            // the meta device has no numbers, and so none that differ
            if (!copy.device().equals(Device.META)
                    && !copy.kind().equals(copies.getFirst().kind())) {
                throw new InputException(
                        "copies of the model on " + copies.getFirst() + " and on " + copy
                                + " would differ in the last bits of their sums: place all copies on devices of the same kinds");
            }
        }
    }

    /**
     * The devices of copies as text.
     *
     * @param copies the copies
     * @return their devices in order, such as {@code cuda:0,cuda:1}
     */
    public static String devices(List<Placement> copies) {
        return copies.stream().map(copy -> copy.device().toString()).collect(Collectors.joining(","));
    }

    /**
     * The device maps of copies as text.
     *
     * @param copies the copies
     * @return their maps in order, such as {@code cuda:0,cuda:1/cuda:2,cuda:3}; empty if all layers of each are on its
     *     device
     */
    public static Optional<String> maps(List<Placement> copies) {
        return copies.stream().allMatch(copy -> copy.layers().isEmpty())
                ? Optional.empty()
                : Optional.of(
                        copies.stream().map(copy -> copy.map().toString()).collect(Collectors.joining(BETWEEN_COPIES)));
    }

    /**
     * Reads what {@link #devices(List)} and {@link #maps} wrote.
     *
     * @param devices names of devices, separated by commas
     * @param maps device maps, as for {@link #readMaps}
     * @return the copies
     * @throws InputException if they have another form, or there are not as many maps as devices
     */
    public static List<Placement> parse(String devices, Optional<String> maps) {
        return of(
                Stream.of(devices.split(",", -1)).map(Device::parse).toList(),
                maps.map(Placement::readMaps).orElse(List.of()));
    }

    /**
     * Reads device maps of several copies, with a slash between them.
     *
     * @param text such as {@code cuda:0,cuda:1/cuda:2,cuda:3}
     * @return the map of each copy
     * @throws InputException if one has another form than {@link DeviceMap#parse} reads
     */
    public static List<DeviceMap> readMaps(String text) {
        return Stream.of(text.split(BETWEEN_COPIES, -1)).map(DeviceMap::parse).toList();
    }

    /**
     * Copies on devices.
     *
     * @param devices of each copy
     * @param maps of each copy; none if all layers of each are on its device
     * @return the copies
     * @throws InputException if there are maps, but not as many as devices
     */
    public static List<Placement> of(List<Device> devices, List<DeviceMap> maps) {
        if (maps.isEmpty()) {
            return devices.stream().map(Placement::on).toList();
        }
        if (maps.size() != devices.size()) {
            throw new InputException("%d device(s) and %d device map(s): give each copy of the model one of both"
                    .formatted(devices.size(), maps.size()));
        }
        List<Placement> copies = new ArrayList<>();
        for (int i = 0; i < maps.size(); i++) {
            copies.add(new Placement(devices.get(i), Optional.of(maps.get(i))));
        }
        return copies;
    }

    @Override
    public String toString() {
        return layers.map(DeviceMap::toString).orElseGet(device::toString);
    }
}
