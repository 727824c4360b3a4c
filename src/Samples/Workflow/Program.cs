using OrleansDtm.Samples;
using OrleansDtm.Samples.Workflow;

// A workflow: code that goes on where it was, whatever happens to the process that runs it.
return args switch
{
    [] => await Stage.Run("Workflow: a journey is booked, or everything is cancelled", Story.Tell),
    [var coordinator, var partners, var agency, var gid, var traveller] => await Agency.BookAndDie(new Uri(coordinator), partners, agency, gid, traveller),
    _ => 2,
};
