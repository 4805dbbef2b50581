package org.edgeprune.cli;

import java.util.List;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Placement;
import org.edgeprune.torch.Device;

/**
 * What {@code --device-map} names: the devices of the layers, for each copy of the model.
 *
 * @param ofCopies a map for each copy; none where the option is not given
 */
record DeviceMaps(List<DeviceMap> ofCopies) {
    static final DeviceMaps NONE = new DeviceMaps(List.of());

    /** Reads {@code cuda:0,cuda:1} or {@code cuda:0,cuda:1/cuda:2,cuda:3}. */
    static DeviceMaps parse(String text) {
        return new DeviceMaps(Placement.readMaps(text));
    }

    boolean given() {
        return !ofCopies.isEmpty();
    }

    boolean areSeveral() {
        return ofCopies.size() > 1;
    }

    /** The device of each copy's first layer, where its embeddings are by default. */
    List<Device> firstDevices() {
        return ofCopies.stream().map(map -> map.spans().getFirst().device()).toList();
    }
}
