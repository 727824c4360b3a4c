using OrleansDtm.Samples;
using OrleansDtm.Samples.Outbox;

// The outbox: an order and its message to the stock are both stored or neither, even if the shop crashes in between.
return args switch
{
    [] => await Stage.Run("Outbox: a message that follows a local transaction", Story.Tell),
    [var crash, var coordinator, var shop, var file, var order] => await Shop.PlaceOrder(
        crash, new Uri(coordinator), shop, file, order),
    _ => 2,
};
